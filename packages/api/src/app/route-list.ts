import type { FastifyInstance } from "fastify";

/** Remembers every route, so that a wrong method is told from a wrong path. */
export class RouteList {
  readonly #routes: { readonly pattern: RegExp; readonly method: string }[] = [];

  constructor(app: FastifyInstance) {
    app.addHook("onRoute", ({ url, method }) => {
      const source = url.replaceAll(/[.+?^$()|[\]\\]/g, String.raw`\$&`).replaceAll(/:[^/]+/g, "[^/]+");
      const pattern = new RegExp(`^${source.replaceAll("*", ".*")}/?$`);
      for (const each of [method].flat()) this.#routes.push({ pattern, method: each });
    });
  }

  /** The methods that a path knows; none if nothing is served there. */
  methodsOf(path: string): string[] {
    const methods = this.#routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
    return [...new Set(methods)].toSorted();
  }
}
