// NestJS, with its @Sse and a guard.

import 'reflect-metadata';

import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Headers,
  Injectable,
  type MessageEvent,
  Module,
  Sse,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Observable } from 'rxjs';

import { allowed, follow, onStop, port } from '../../servers/common.mjs';

@Injectable()
class SignedIn implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest();
    if (allowed(request.headers.authorization, request.query.token)) return true;
    throw new UnauthorizedException();
  }
}

@Controller('api/v1')
@UseGuards(SignedIn)
class Streams {
  @Sse('sse')
  events(@Headers('last-event-id') lastEventId?: string): Observable<MessageEvent> {
    return new Observable((subscriber) =>
      follow(lastEventId, {
        send: ({ id, event, data }) => subscriber.next({ id, type: event, data }),
        // An event without an id would be given one that no server knows after a reconnect.
        beat: () => subscriber.next({ comment: 'beat' } as MessageEvent),
        end: () => subscriber.complete(),
      }),
    );
  }
}

@Module({ controllers: [Streams] })
class App {}

const app = await NestFactory.create(App, { logger: ['warn', 'error'] });
await app.listen(port, '127.0.0.1');
onStop(() => app.close());
