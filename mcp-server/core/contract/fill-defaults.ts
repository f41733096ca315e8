import { isRecord } from '../parse.ts';
import type { ServiceFile } from '../service/service-file.ts';
import type { WorkloadSpec } from '../workload/workload.ts';
import { BackendId } from './contract.ts';
import { defaultLoadPath } from './load-path.ts';

/** What defaults are read from, beside constants. Null: not known yet, or not readable. */
export interface DefaultSources {
  readonly service: ServiceFile | null;
  readonly workload: WorkloadSpec | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** Defaults that hold for any service. The seeds differ, so that the confirmation sees prompts the search never saw. */
const TERMS_DEFAULTS: Fields = {
  backend: 'simulated',
  serviceFile: 'dstack-baseline.yml',
  objective: { metric: 'outputTokensPerS', direction: 'maximise' },
  workload: 'chat',
  loadPoints: [{ kind: 'closed', concurrency: 16, requests: 64 }],
  seeds: { search: 11, confirm: 1011 },
};

/** Budget where nothing costs real money: enough for an evening. Source: own reasoning. */
const FREE_BUDGET: Fields = {
  maxTotalUsd: 20,
  maxUsdPerHour: 10,
  maxUsdPerTrial: 5,
};

/** Counts and hours; money on a paid backend is a person's decision and has no default. */
const COUNTS: Fields = { maxDeployments: 40, maxWallHours: 12 };

/** Context that a workload is given at least, when its own lengths are unknown. Source: own reasoning. */
const FALLBACK_CONTEXT_TOKENS = 4096;

/** Where the raw contract says a field, `undefined` where it does not. */
const section = (contract: unknown, name: string): Fields => {
  const value = isRecord(contract) ? contract[name] : undefined;
  return isRecord(value) ? value : {};
};

/** Service file and backend that a raw contract means, defaults included. */
export function contractBasics(contract: unknown): {
  readonly serviceFile: unknown;
  readonly backend: unknown;
  readonly workload: unknown;
} {
  const terms = { ...TERMS_DEFAULTS, ...section(contract, 'terms') };
  return {
    serviceFile: terms['serviceFile'],
    backend: terms['backend'],
    workload: terms['workload'],
  };
}

/** The raw contract with every safe default filled in. What is wrong in it stays, to be refused by its schema. */
export function fillDefaults(
  contract: unknown,
  sources: DefaultSources & { readonly paid: boolean },
): unknown {
  if (!isRecord(contract)) return contract;
  if (contract['terms'] !== undefined && !isRecord(contract['terms'])) return contract;
  if (contract['budget'] !== undefined && !isRecord(contract['budget'])) return contract;
  const terms = section(contract, 'terms');
  return {
    version: 1,
    ...contract,
    terms: { ...TERMS_DEFAULTS, ...sourcedTerms(terms, sources), ...terms },
    budget: fillBudget(section(contract, 'budget'), sources.paid),
  };
}

function fillBudget(budget: Fields, paid: boolean): Fields {
  if (!paid) return { ...FREE_BUDGET, ...COUNTS, ...budget };
  const total = budget['maxTotalUsd'];
  const perHour = budget['maxUsdPerHour'];
  const perTrial =
    typeof total === 'number' && typeof perHour === 'number'
      ? { maxUsdPerTrial: Math.min(total, perHour) }
      : {};
  return { ...COUNTS, ...perTrial, ...budget };
}

function sourcedTerms(terms: Fields, sources: DefaultSources): Fields {
  const model = modelOf(sources.service);
  return {
    ...(model === null ? {} : { model: { id: model } }),
    allowedHardware: hardwareOf(sources.service, terms['backend']),
    minContextTokens: contextOf(sources.workload),
    loadPath: defaultLoadPath(BackendId.safeParse(terms['backend']).data ?? 'simulated'),
  };
}

function modelOf(service: ServiceFile | null): string | null {
  if (service === null) return null;
  const argv = service.launch?.argv ?? [];
  for (const flag of ['--model-path', '--model']) {
    const index = argv.indexOf(flag);
    const value =
      index < 0
        ? argv.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1)
        : argv[index + 1];
    if (value !== undefined && value !== '') return value;
  }
  return service.modelName;
}

/** The GPU that the service file asks for, e.g. `H100:80GB:1`, and no other. */
function hardwareOf(service: ServiceFile | null, backend: unknown): readonly Fields[] {
  const gpu = service?.resources['gpu'];
  if (typeof gpu === 'string') return [parseGpu(gpu)];
  if (isRecord(gpu)) {
    const name = Array.isArray(gpu['name']) ? gpu['name'][0] : gpu['name'];
    const count = typeof gpu['count'] === 'number' ? gpu['count'] : 1;
    if (typeof name === 'string') return [{ gpu: name, count }];
  }
  return backend === 'dstack' ? [] : [{ gpu: 'cpu', count: 0 }];
}

function parseGpu(text: string): Fields {
  const [name = text, ...rest] = text.split(':');
  const count = rest.find((part) => /^\d+$/.test(part));
  const memory = rest.find((part) => /^\d+(\.\d+)?GB$/i.test(part));
  return {
    gpu: name,
    count: count === undefined ? 1 : Number(count),
    ...(memory === undefined ? {} : { memoryGb: Number.parseFloat(memory) }),
  };
}

/** Room for the longest request of the workload. Units: tokens, rounded up to 1,024. */
function contextOf(workload: WorkloadSpec | null): number {
  if (workload === null) return FALLBACK_CONTEXT_TOKENS;
  const longest = Math.max(
    ...workload.components.map((one) => longestOf(one.inputTokens) + longestOf(one.outputTokens)),
  );
  return Math.ceil(longest / 1024) * 1024;
}

/** Three sigma above the median of a log-normal length. */
function longestOf(length: WorkloadSpec['components'][number]['inputTokens']): number {
  if (typeof length === 'number') return length;
  return 'max' in length ? length.max : Math.ceil(length.median * Math.exp(3 * length.sigma));
}

/**
 * Names of the fields that were filled, with their values, e.g. `terms.repeats = 3`.
 * Shape: two levels deep, in the order of the contract.
 */
export function listFilled(
  raw: unknown,
  contract: Readonly<Record<string, unknown>>,
): readonly string[] {
  const filled: string[] = [];
  for (const part of ['terms', 'budget']) {
    const given = section(raw, part);
    for (const [key, value] of Object.entries(section(contract, part))) {
      if (given[key] === undefined) filled.push(`${part}.${key} = ${short(value)}`);
      else if (isRecord(value)) filled.push(...listInner(`${part}.${key}`, given[key], value));
    }
  }
  return filled;
}

function listInner(path: string, given: unknown, value: Fields): readonly string[] {
  if (!isRecord(given)) return [];
  return Object.entries(value)
    .filter(([key, inner]) => given[key] === undefined && inner !== undefined)
    .map(([key, inner]) => `${path}.${key} = ${short(inner)}`);
}

const short = (value: unknown): string => (JSON.stringify(value) ?? '').slice(0, 120);
