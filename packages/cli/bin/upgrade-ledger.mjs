#!/usr/bin/env node
// Committed, because npm links only programs that exist when it installs, which is before the build.
await import("../dist/main.js");
