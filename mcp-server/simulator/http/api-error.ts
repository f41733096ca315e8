import type { SimEngineId } from '../core/config.ts';

/** An answer other than 200, in the engine's own shape. */
export interface ApiError {
  readonly status: number;
  readonly message: string;
  readonly type: string;
  readonly param?: string | null;
}

/** Source: SGLang answers flat bodies, vLLM wraps them in `error`. */
export function errorBody(engine: SimEngineId, error: ApiError): Record<string, unknown> {
  const facts = {
    message: error.message,
    type: error.type,
    param: error.param ?? null,
    code: error.status,
  };
  return engine === 'sglang' ? { object: 'error', ...facts } : { error: facts };
}

export function badRequest(message: string, param: string | null = null): ApiError {
  return { status: 400, message, type: 'BadRequestError', param };
}

export function notFoundModel(model: string): ApiError {
  return {
    status: 404,
    message: `The model \`${model.slice(0, 200)}\` does not exist.`,
    type: 'NotFoundError',
    param: 'model',
  };
}
