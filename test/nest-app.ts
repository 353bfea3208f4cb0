/** An app of NestJS, for both of its platforms. Decorators are called by hand, so that nothing has to be compiled. */
import 'reflect-metadata'
import {
  type ArgumentsHost,
  type CallHandler,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  HttpException,
  type INestApplication,
  Module,
  NotFoundException,
  Param,
  Post,
  Redirect,
  RequestMethod,
  UseFilters,
  UseGuards,
  UseInterceptors,
  Version,
  VersioningType,
} from '@nestjs/common'
import { activeSpan, type RequestTelemetry, span } from '@triscope/sdk'
import { tap } from 'rxjs'

class TeapotError extends Error {}

class TeapotFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse()
    response.status(418).send({ filtered: true })
  }
}
Catch(TeapotError)(TeapotFilter)

const keyGuard = {
  canActivate: (context: ExecutionContext) =>
    context.switchToHttp().getRequest().headers['x-key'] === 'right',
}
const spanInterceptor = {
  intercept: (_context: ExecutionContext, next: CallHandler) => span('step', () => next.handle()),
}

class UsersController {
  list(): unknown {
    return { traceId: activeSpan()?.spanContext().traceId }
  }

  async one(id: string): Promise<unknown> {
    await new Promise((resolve) => setImmediate(resolve))
    if (id === '0') throw new NotFoundException('no such user')
    return { id, traceId: activeSpan()?.spanContext().traceId }
  }

  async fails(): Promise<unknown> {
    await new Promise((resolve) => setImmediate(resolve))
    throw new RangeError('broken')
  }

  teapot(): unknown {
    throw new TeapotError('short and stout')
  }

  guarded(): unknown {
    return { guarded: true }
  }

  create(): unknown {
    throw new HttpException('full', 507)
  }

  moved(): void {}

  second(): unknown {
    return { version: 2 }
  }
}

function decorate(method: keyof UsersController, ...decorators: MethodDecorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(UsersController.prototype, method) ?? {}
  for (const decorator of decorators) decorator(UsersController.prototype, method, descriptor)
}

Controller({ path: 'users', version: '1' })(UsersController)
decorate('list', Get(), UseInterceptors(spanInterceptor))
decorate('one', Get(':id'))
Param('id')(UsersController.prototype, 'one', 0)
decorate('fails', Get(':id/fails'))
decorate('teapot', Get(':id/teapot'), UseFilters(new TeapotFilter()))
decorate('guarded', Get(':id/guarded'), UseGuards(keyGuard))
decorate('create', Post())
decorate('moved', Get(':id/moved'), Redirect('/elsewhere', 301))
decorate('second', Get(':id'), Version('2'))

class HealthController {
  ready(): unknown {
    return { ready: true }
  }
}
Controller()(HealthController)
Get('ready')(
  HealthController.prototype,
  'ready',
  Object.getOwnPropertyDescriptor(HealthController.prototype, 'ready') ?? {},
)

/** The module, for `NestFactory.create`. */
export class AppModule {}
Module({ controllers: [UsersController, HealthController] })(AppModule)

/** Nest answers to errors by itself, and its platform does not see them. */
function reportErrors(context: ExecutionContext, next: CallHandler): ReturnType<CallHandler['handle']> {
  const { triscope } = context.switchToHttp().getRequest<{ triscope: RequestTelemetry }>()
  return next.handle().pipe(tap({ error: (error) => triscope.error(error) }))
}

/** What main.ts does: a prefix with an exception, and versions in the path. */
export function configure(app: INestApplication): void {
  app.setGlobalPrefix('api', { exclude: [{ path: 'ready', method: RequestMethod.GET }] })
  app.enableVersioning({ type: VersioningType.URI })
  app.useGlobalInterceptors({ intercept: reportErrors })
}
