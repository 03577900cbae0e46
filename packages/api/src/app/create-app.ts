import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { problemOf } from "../problem/error-answer.ts";
import { ApiProblem, PROBLEM_MEDIA_TYPE } from "../problem/problem.ts";
import { checkTexts } from "./check-texts.ts";
import { hostGuard } from "./guard.ts";
import { logRequests } from "./request-log.ts";
import { RouteList } from "./route-list.ts";
import { sendSecurityHeaders } from "./security-headers.ts";

/** Largest JSON body, bytes: what an event may hold. */
const BODY_LIMIT = 64 * 1024;

export interface AppOptions {
  readonly log: FastifyBaseLogger;
  readonly httpHosts: readonly string[];
  /** Check every answer against its schema and fail if it does not fit: for tests. */
  readonly checkAnswers: boolean;
}

/** The Fastify instance with everything that is the same for all routes: errors, guards, logging, schemas. */
export async function createApp(options: AppOptions) {
  const app = fastify({
    loggerInstance: options.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    // A logger for each request costs more than the line that it writes; our lines name their request themselves.
    childLoggerFactory: (logger) => logger,
    genReqId: () => crypto.randomUUID(),
    routerOptions: { maxParamLength: 300 },
    frameworkErrors: (error, request, reply) => {
      sendProblem(problemOf(error), request, reply);
    },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(
    options.checkAnswers ? serializerCompiler : () => (answer) => JSON.stringify(answer),
  );
  if (options.checkAnswers) checkTexts(app);
  answerErrors(app);
  sendSecurityHeaders(app);
  app.addHook("onRequest", hostGuard(options.httpHosts));
  logRequests(app);
  return app;
}
export type App = Awaited<ReturnType<typeof createApp>>;

function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500)
      request.log.error({ reqId: request.id, err: error, code: problem.code }, "request failed");
    sendProblem(problem, request, reply);
  });
  const routes = new RouteList(app);
  app.setNotFoundHandler((request, reply) => {
    const [path = ""] = request.url.split("?");
    const methods = routes.methodsOf(path);
    if (methods.length === 0) throw new ApiProblem("route_unknown", `Nothing is served at ${path}.`);
    void reply.header("allow", methods.join(", "));
    throw new ApiProblem("method_not_allowed", `${path} does not know ${request.method}.`);
  });
}

function sendProblem(problem: ApiProblem, request: FastifyRequest, reply: FastifyReply): void {
  const body = problem.body(`urn:upgrade-ledger:request:${request.id}`);
  void reply
    .code(problem.status)
    .type(PROBLEM_MEDIA_TYPE)
    .serializer((answer: unknown) => JSON.stringify(answer))
    .send(body);
}
