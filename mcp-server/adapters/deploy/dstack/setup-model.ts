import { request } from 'undici';
import { readFlags } from '../../../core/service/flags.ts';
import { parseServiceFile, type ServiceFile } from '../../../core/service/service-file.ts';
import { detectEngine } from '../../../engines/index.ts';
import type { SetupFinding } from '../../../ports/deploy.ts';
import type { Environment } from '../child-env.ts';
import { fail, ok, warn } from './finding.ts';

const HUB = 'https://huggingface.co';
const TIMEOUT_MS = 10_000;
const CHECK = 'model_access';
const REVISION = /^[\w./-]{1,100}$/;

/** Fetches the model's config.json with the token at the pinned revision. A hub that does not answer is said, no failure. */
export async function checkModelAccess(
  serviceYaml: string,
  environment: Environment,
  signal: AbortSignal,
): Promise<SetupFinding> {
  const service = parseServiceFile(serviceYaml);
  const { model, revision } = modelOf(service);
  if (model === null || !/^[\w.-]+\/[\w.-]+$/.test(model)) {
    return ok(CHECK, 'The model is not named as one of a hub, so its access is not checked.');
  }
  const token = service.env['HF_TOKEN'] ?? environment['HF_TOKEN'];
  const hub = (environment['HF_ENDPOINT'] ?? HUB).replace(/\/+$/, '');
  const status = await statusOf(`${hub}/${model}/resolve/${revision}/config.json`, token, signal);
  return judge(status, { model, revision, hasToken: token !== undefined });
}

function modelOf(service: ServiceFile): {
  readonly model: string | null;
  readonly revision: string;
} {
  const argv = service.launch?.argv ?? [];
  const engine = detectEngine(argv);
  const flags = engine === null ? [] : readFlags(argv, engine);
  const valueOf = (...names: readonly string[]): string | null =>
    flags.find(({ flag }) => names.includes(flag))?.value ?? null;
  const revision = valueOf('--revision') ?? 'main';
  return {
    model: valueOf('--model-path', '--model') ?? service.modelName,
    revision: REVISION.test(revision) ? revision : 'main',
  };
}

/** Null when nothing answered. Redirects are followed by hand once, without the token, as hubs send files from elsewhere. */
async function statusOf(
  url: string,
  token: string | undefined,
  signal: AbortSignal,
): Promise<number | null> {
  try {
    const answer = await request(url, {
      headers: token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` },
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await answer.body.dump();
    return answer.statusCode;
  } catch {
    return null;
  }
}

function judge(
  status: number | null,
  at: { readonly model: string; readonly revision: string; readonly hasToken: boolean },
): SetupFinding {
  const what = `${at.model} at ${at.revision}`;
  if (status === null) {
    return warn(
      CHECK,
      `The hub does not answer, so access to ${what} is not checked.`,
      'Check the network, or set HF_ENDPOINT.',
    );
  }
  if (status >= 200 && status < 400) return ok(CHECK, `${what} can be read with the token.`);
  if (status === 401 || status === 403) {
    return fail(
      CHECK,
      at.hasToken
        ? `The token may not read ${what}.`
        : `${what} needs a token, and HF_TOKEN is not set.`,
      `Accept the licence of ${at.model} on the hub with the account of HF_TOKEN, and name HF_TOKEN under env.`,
    );
  }
  return warn(
    CHECK,
    `The hub answered ${status} for ${what}.`,
    'Check the name of the model and its revision.',
  );
}
