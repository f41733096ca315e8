import { type Document, parseDocument } from 'yaml';
import { BudgetError, InvalidInputError } from '../../../core/errors.ts';
import { isRecord } from '../../../core/parse.ts';
import { parseServiceFile, type ServiceFile } from '../../../core/service/service-file.ts';
import { detectEngine } from '../../../engines/index.ts';
import type { DeployRequest } from '../../../ports/deploy.ts';
import { profilerTagOf } from '../profiler-tag.ts';
import { fixGpuCount, readGpuSpec } from './gpu-spec.ts';
import { checkName, DEADLINE_TAG, DEPLOYMENT_TAG, fleetNameOf, SESSION_TAG } from './names.ts';

/** The text that is applied, and what it says that the user's file does not. */
export interface AppliedText {
  readonly text: string;
  readonly service: ServiceFile;
  readonly healthPath: string;
  readonly notes: readonly string[];
}

type RenderRequest = Pick<
  DeployRequest,
  | 'sessionId'
  | 'deploymentId'
  | 'runName'
  | 'serviceYaml'
  | 'budget'
  | 'deadlineAtMs'
  | 'idleMinutes'
  | 'allowedHardware'
  | 'tags'
  | 'loadPath'
>;

/** Dropped from the applied text: each would start, keep or stop the run by a rule that is not ours. */
const DROPPED = ['schedule', 'scaling', 'utilization_policy', 'creation_policy', 'instances'];

/**
 * The user's file plus name, owner tags, limits of the contract, fleet and probes. The file itself is never changed.
 * Throws: BudgetError `E_NO_LIMIT` where the contract has none; InvalidInputError for a name, a service file or hardware that cannot be rented.
 */
export function renderApplied(request: RenderRequest): AppliedText {
  refuseWithoutLimit(request);
  const service = parseServiceFile(request.serviceYaml);
  const doc = parseDocument(request.serviceYaml);
  const notes: string[] = [];
  const healthPath = healthPathOf(service);
  doc.set('name', checkName(request.runName));
  doc.set('tags', { ...tagsIn(doc), ...ownerTags(request) });
  doc.set('env', envLines(service, request));
  setLimits(doc, request, notes);
  doc.set('fleets', [fleetNameOf(request.sessionId)]);
  doc.set('probes', probesOf(service, healthPath));
  setGpu(doc, service, request);
  if (request.loadPath !== 'gateway' && !doc.has('gateway')) doc.set('gateway', false);
  for (const key of DROPPED) {
    if (doc.delete(key)) notes.push(`${key} of the service file is not applied to a trial`);
  }
  // Width 0: long commands stay on their line.
  return { text: doc.toString({ lineWidth: 0 }), service, healthPath, notes };
}

function refuseWithoutLimit({ budget }: RenderRequest): void {
  const missing = Object.entries({
    maxUsdPerHour: budget.maxUsdPerHour,
    maxUsdPerTrial: budget.maxUsdPerTrial,
    maxMinutesPerTrial: budget.maxMinutesPerTrial,
  }).filter(([, value]) => !(value > 0));
  if (missing.length === 0) return;
  const names = missing.map(([name]) => name).join(', ');
  throw new BudgetError(
    `The contract sets no limit for ${names}, so nothing is rented on dstack.`,
    {
      code: 'E_NO_LIMIT',
      fix: `Let a person set budget.${names} above 0 in the contract file.`,
    },
  );
}

function healthPathOf(service: ServiceFile): string {
  const engine = service.launch === null ? null : detectEngine(service.launch.argv);
  return engine?.healthPath ?? '/health';
}

function tagsIn(doc: Document): Record<string, unknown> {
  const value: unknown = doc.toJS();
  const tags = isRecord(value) ? value['tags'] : null;
  return isRecord(tags) ? tags : {};
}

function ownerTags(request: RenderRequest): Record<string, string> {
  return {
    ...request.tags,
    [SESSION_TAG]: request.sessionId,
    [DEPLOYMENT_TAG]: request.deploymentId,
    [DEADLINE_TAG]: String(Math.floor(request.deadlineAtMs / 1000)),
  };
}

/** As lines, since a mapping cannot name a variable without a value. What the file sets wins over tags for the profiler. */
function envLines(service: ServiceFile, request: RenderRequest): readonly string[] {
  const tags = {
    ...request.tags,
    [SESSION_TAG]: request.sessionId,
    [DEPLOYMENT_TAG]: request.deploymentId,
  };
  const profiler = Object.entries(tags).map(([key, value]): [string, string] => [
    profilerTagOf(key),
    value,
  ]);
  const all = Object.entries({ ...Object.fromEntries(profiler), ...service.env });
  return all.map(([name, value]) => (value === null ? name : `${name}=${value}`));
}

function setLimits(doc: Document, request: RenderRequest, notes: string[]): void {
  const { budget } = request;
  const price = doc.get('max_price');
  const lower = typeof price === 'number' && price > 0 && price < budget.maxUsdPerHour;
  doc.set('max_price', lower ? price : budget.maxUsdPerHour);
  if (lower) notes.push('max_price of the service file is lower than the contract and is kept');
  const own = readSeconds(doc.get('max_duration'));
  const trialS = Math.round(budget.maxMinutesPerTrial * 60);
  doc.set('max_duration', `${own === null ? trialS : Math.min(own, trialS)}s`);
  doc.set('idle_duration', `${Math.round(request.idleMinutes * 60)}s`);
  doc.set('retry', false);
  doc.set('replicas', 1);
}

const UNIT_S = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/** Seconds of a dstack duration. Null when: it is off, absent or malformed. */
export function readSeconds(value: unknown): number | null {
  if (typeof value === 'number') return value > 0 ? value : null;
  const match = typeof value === 'string' ? /^(\d+)\s*(s|m|h|d|w)?$/.exec(value.trim()) : null;
  if (match === null) return null;
  const unit = match[2];
  const factor =
    unit === 's' || unit === 'm' || unit === 'h' || unit === 'd' || unit === 'w' ? UNIT_S[unit] : 1;
  return Number(match[1]) * factor;
}

/** Own probes stay, each only until it has passed: probe traffic would stand in the measurement. */
function probesOf(service: ServiceFile, healthPath: string): readonly unknown[] {
  const own = (service.probes ?? []).filter((probe) => isRecord(probe));
  if (own.length > 0) return own.map((probe) => ({ ...probe, until_ready: true }));
  return [{ type: 'http', url: healthPath, interval: '5s', timeout: '30s', until_ready: true }];
}

/** Names and one count are written where the file leaves them open, since it would then take any machine. */
function setGpu(doc: Document, service: ServiceFile, request: RenderRequest): void {
  const value = service.resources['gpu'];
  const spec = readGpuSpec(value);
  if (spec === null) throw refuseGpu('has a form that dstack does not know');
  const fixed = fixGpuCount(spec, request.allowedHardware);
  if ('problem' in fixed) throw refuseGpu(fixed.problem);
  const { count } = fixed;
  if (count === 0) {
    doc.setIn(['resources', 'gpu'], 0);
    return;
  }
  const names = spec.names.length > 0 ? spec.names : gpuNames(request, count);
  if (isRecord(value)) {
    doc.setIn(['resources', 'gpu', 'name'], names);
    doc.setIn(['resources', 'gpu', 'count'], count);
    return;
  }
  const parts = [spec.vendor, names.join(','), spec.memory, String(count)];
  doc.setIn(['resources', 'gpu'], parts.filter((part) => part !== null).join(':'));
}

function gpuNames(request: RenderRequest, count: number): readonly string[] {
  return request.allowedHardware
    .filter((choice) => choice.count === count && choice.gpu.toLowerCase() !== 'cpu')
    .map((choice) => choice.gpu);
}

function refuseGpu(problem: string): InvalidInputError {
  return new InvalidInputError(`resources.gpu of the service file ${problem}.`, {
    code: 'E_HARDWARE',
    fix: 'Write resources.gpu as one of the choices in allowedHardware of the contract, e.g. H100:80GB:1.',
  });
}
