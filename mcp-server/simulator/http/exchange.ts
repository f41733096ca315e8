import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SimService } from './sim-service.ts';

export interface Exchange {
  readonly service: SimService;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

export type Route = (exchange: Exchange) => void | Promise<void>;
