import { InvalidInputError } from '../errors.ts';
import { cleanText } from '../redact.ts';
import type { BackendId, SloClause } from './contract.ts';
import { defaultLoadPath } from './load-path.ts';

/** The three answers of `autodebug init`, as a person types them. */
export interface InitAnswers {
  /** e.g. `prompts 1024, outputs 256, concurrency 16` or `… rate 4`. */
  readonly traffic: string;
  /** e.g. `ttft 500, tbot 20, context 8192`; ms and tokens. */
  readonly limits: string;
  /** e.g. `20 total, 3 per hour`. */
  readonly dollars: string;
}

/** What the service file and the machine tell. */
export interface InitFacts {
  readonly serviceFile: string;
  readonly model: string;
  readonly backend: BackendId;
  readonly gpu: { readonly name: string; readonly count: number };
}

/** Number that follows one of the words, `k` for thousands allowed. Null when: no word is there. */
function numberAfter(text: string, words: readonly string[]): number | null {
  const found = new RegExp(
    `(?:${words.join('|')})[a-z]*[^0-9a-z]{0,4}(\\d+(?:\\.\\d+)?)(k?)`,
    'i',
  ).exec(text);
  if (found === null) return null;
  return Number(found[1]) * (found[2] === '' ? 1 : 1000);
}

function numberBefore(text: string, words: readonly string[]): number | null {
  const found = new RegExp(
    `(\\d+(?:\\.\\d+)?)\\s*(?:usd|\\$|dollars?)?\\s*(?:${words.join('|')})`,
    'i',
  ).exec(text);
  return found === null ? null : Number(found[1]);
}

interface Asked {
  readonly field: string;
  /** What the person answered. */
  readonly said: string;
  readonly example: string;
}

function requireNumber(value: number | null, { field, said, example }: Asked): number {
  if (value !== null && Number.isFinite(value) && value > 0) return value;
  throw new InvalidInputError(`The answer "${cleanText(said, 80)}" names no ${field}.`, {
    code: 'E_INIT_ANSWER',
    fix: `Write it as in: ${example}`,
  });
}

function loadPoint(traffic: string): Record<string, unknown> {
  const rate = numberAfter(traffic, ['rate', 'rps', 'requests per second']);
  if (rate !== null)
    return { kind: 'open', requestRatePerS: rate, requests: Math.max(60, Math.ceil(rate * 60)) };
  const example = 'prompts 1024, outputs 256, concurrency 16';
  const concurrency = requireNumber(numberAfter(traffic, ['concurren', 'in flight', 'users']), {
    field: 'concurrency or rate',
    said: traffic,
    example,
  });
  return { kind: 'closed', concurrency, requests: Math.max(32, concurrency * 3) };
}

function sloClauses(limits: string): SloClause[] {
  const clauses: SloClause[] = [];
  const ttft = numberAfter(limits, ['ttft', 'first token']);
  const tbot = numberAfter(limits, ['tbot', 'tpot', 'itl']);
  if (ttft !== null) clauses.push({ metric: 'ttftMs', quantile: 'p95', max: ttft });
  if (tbot !== null) clauses.push({ metric: 'tbotMs', quantile: 'p95', max: tbot });
  return clauses;
}

/** Dollars for the whole campaign and per hour; a free backend needs neither. */
function readDollars(dollars: string, backend: BackendId): { total: number; perHour: number } {
  const example = '20 total, 3 per hour';
  const bare = /^\s*\$?(\d+(?:\.\d+)?)\s*$/.exec(dollars);
  const total =
    bare === null
      ? numberBefore(dollars, ['total', 'in total', 'all', 'overall', ','])
      : Number(bare[1]);
  const perHour = numberBefore(dollars, ['per hour', 'an hour', '/h', '/hour', 'hourly']);
  if (backend === 'local') return { total: total ?? 0, perHour: perHour ?? 0 };
  return {
    total: requireNumber(total, { field: 'total in dollars', said: dollars, example }),
    perHour: requireNumber(perHour ?? (bare === null ? null : Number(bare[1]) / 4), {
      field: 'price limit per hour',
      said: dollars,
      example,
    }),
  };
}

/**
 * A contract, ready to be written as YAML and read by `open_session`, from three answers and what was found.
 * Throws: InvalidInputError `E_INIT_ANSWER` naming what an answer lacks, with an example.
 */
export function draftContract(answers: InitAnswers, facts: InitFacts): Record<string, unknown> {
  const prompts = numberAfter(answers.traffic, ['prompt', 'input']) ?? 1024;
  const outputs = numberAfter(answers.traffic, ['output', 'completion', 'answer']) ?? 256;
  const context =
    numberAfter(answers.limits, ['context']) ?? Math.max(2048, 2 * (prompts + outputs));
  const usd = readDollars(answers.dollars, facts.backend);
  return {
    version: 1,
    terms: {
      model: { id: facts.model },
      backend: facts.backend,
      serviceFile: facts.serviceFile,
      objective: { metric: 'outputTokensPerS', direction: 'maximise', minEffectRatio: 0.02 },
      slo: sloClauses(answers.limits),
      workload: { id: 'asked', components: [{ inputTokens: prompts, outputTokens: outputs }] },
      loadPoints: [loadPoint(answers.traffic)],
      seeds: { search: 1, confirm: 1001 },
      loadPath: defaultLoadPath(facts.backend),
      allowedHardware: [{ gpu: facts.gpu.name, count: facts.gpu.count }],
      minContextTokens: Math.max(context, prompts + outputs),
    },
    budget: {
      maxTotalUsd: usd.total,
      maxUsdPerHour: usd.perHour,
      maxUsdPerTrial: facts.backend === 'local' ? 0 : Math.min(usd.total, usd.perHour),
      maxDeployments: 60,
      maxWallHours: 12,
    },
  };
}
