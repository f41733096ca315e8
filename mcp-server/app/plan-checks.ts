import { budgetRefusal } from '../core/budget/budget.ts';
import type { Contract } from '../core/contract/contract.ts';
import { nextTrialId, verdictOf } from '../core/ledger/lookup.ts';
import type { SessionState } from '../core/ledger/state.ts';
import { gpuFacts } from '../core/roofline/gpus.ts';
import { type MemoryForecast, planMemory } from '../core/roofline/memory-plan.ts';
import type { Change } from '../core/service/change.ts';
import { checkFlags, silentAdjustments } from '../engines/check-flags.ts';
import type { InventoryFlag } from '../engines/engine.ts';
import type { FlagQuestion } from '../engines/flag-question.ts';
import { type Refusal, refuse } from '../engines/refusal.ts';
import type { PlanSubject } from './plan-subject.ts';

export interface PlanQuestion {
  readonly state: SessionState;
  readonly nowMs: number;
  readonly parent: PlanSubject;
  readonly subject: PlanSubject;
  readonly changes: readonly Change[];
  readonly inventory: readonly InventoryFlag[] | null;
  readonly priceUsdPerHour: number | null;
}

/** Everything that speaks against a plan. */
export function planRefusals(question: PlanQuestion): readonly Refusal[] {
  return [
    ...checkFlags(flagQuestion(question)),
    ...checkModel(question),
    ...checkHardware(question.state.contract, question.subject),
    ...checkMemory(question),
    ...checkDuplicate(question),
    ...checkBudget(question),
  ];
}

/** What is worth knowing of a plan and no reason against it. */
export function planWarnings(question: PlanQuestion): readonly string[] {
  const { subject, parent } = question;
  const { engine, version, service } = subject;
  const unknown =
    version === null && service.image !== null
      ? [
          `The tag of ${service.image} names no version; flags are checked as for ${engine.title} ${engine.newestVersion}.`,
        ]
      : [];
  const before = silentAdjustments({ ...flagQuestion(question), argv: parent.launch.argv });
  const after = silentAdjustments(flagQuestion(question));
  const forecast = forecastMemory(question.state.contract, subject);
  return [
    ...service.warnings,
    ...unknown,
    ...after.filter((message) => !before.includes(message) || question.changes.length === 0),
    ...(forecast.fits === 'unknown' && forecast.kvTokens !== null
      ? [`Memory: ${forecast.note}`]
      : []),
  ].map((warning) => warning.slice(0, 400));
}

function flagQuestion(question: PlanQuestion): FlagQuestion {
  const { parent, subject, changes, inventory, state } = question;
  return {
    engine: subject.engine,
    inventory,
    version: subject.version,
    parentArgv: parent.launch.argv,
    argv: subject.launch.argv,
    changes,
    minContextTokens: state.contract.terms.minContextTokens,
    attentionHeads: subject.model?.heads ?? null,
  };
}

/** Predicted fit of a launch in its GPUs. */
export function forecastMemory(contract: Contract, subject: PlanSubject): MemoryForecast {
  const { model, gpu, engine, facts } = subject;
  if (gpu === null && subject.gpuSpec === null && contract.terms.allowedHardware[0]?.gpu === 'cpu')
    return {
      fits: 'unknown',
      note: 'It runs on a CPU; its memory is not forecast.',
      kvTokens: null,
      figures: null,
    };
  if (gpu === null || model === null) {
    const what = gpu === null ? 'GPU' : 'model';
    return {
      fits: 'unknown',
      note: `The ${what} is not in our tables.`,
      kvTokens: null,
      figures: null,
    };
  }
  const minContextTokens = contract.terms.minContextTokens;
  const settings = engine.memorySettings(facts, { model, gpu, minContextTokens });
  if (settings === null)
    return {
      fits: 'unknown',
      note: 'This engine or setting cannot be foretold.',
      kvTokens: null,
      figures: null,
    };
  return planMemory(settings);
}

function checkMemory(question: PlanQuestion): readonly Refusal[] {
  const { subject, state } = question;
  const available = subject.gpuSpec?.count ?? null;
  const needed = subject.engine.gpusNeeded(subject.facts);
  if (available !== null && needed > available)
    return [
      refuse('gpu_count', `the launch takes ${needed} GPUs, the resources give ${available}`),
    ];
  const forecast = forecastMemory(state.contract, subject);
  return forecast.fits === 'no' ? [refuse('memory_fit', forecast.note)] : [];
}

/** The model is part of the measurement terms: another one only where the contract allows it. */
function checkModel(question: PlanQuestion): readonly Refusal[] {
  const { subject, parent, state } = question;
  const { model } = state.contract.terms;
  const key = ({ engine, launch, facts }: PlanSubject): string =>
    `${engine.modelOf(launch.argv) ?? ''}@${facts.flags.get('--revision') ?? ''}`;
  if (key(subject) === key(parent)) return [];
  const allowed = [model, ...model.variants.map((one) => ({ ...one, id: one.model }))];
  const isAllowed = allowed.some((one) => key(subject) === `${one.id}@${one.revision ?? ''}`);
  if (isAllowed) return [];
  return [
    refuse(
      'model',
      `the contract is about ${model.id}; another model or revision needs an entry in terms.model.variants, which is another session`,
      false,
    ),
  ];
}

/** Only hardware of the contract. */
export function checkHardware(contract: Contract, subject: PlanSubject): readonly Refusal[] {
  const { gpuSpec } = subject;
  if (gpuSpec === null) return [];
  const { allowedHardware } = contract.terms;
  const asked = gpuSpec.names.length === 0 ? [null] : gpuSpec.names;
  const isAllowed = asked.every((name) =>
    allowedHardware.some(
      (choice) => sameGpu(name, choice.gpu, gpuSpec.memoryGb) && gpuSpec.count <= choice.count,
    ),
  );
  if (isAllowed) return [];
  const list = allowedHardware.map((choice) => `${choice.gpu}:${choice.count}`).join(', ');
  const what = `${asked.map((name) => name ?? 'any GPU').join(',')}:${gpuSpec.count}`;
  return [refuse('hardware', `${what} is not hardware of the contract (${list})`, false)];
}

function sameGpu(name: string | null, allowed: string, memoryGb: number | null): boolean {
  if (name === null) return false;
  if (name.toLowerCase() === allowed.toLowerCase()) return true;
  const asked = gpuFacts(memoryGb === null ? name : `${name}:${memoryGb}GB`);
  return asked !== null && asked.name === gpuFacts(allowed)?.name;
}

function checkDuplicate({ state, subject }: PlanQuestion): readonly Refusal[] {
  const twin = state.trials.find((trial) => trial.planned.configHash === subject.configHash);
  if (twin === undefined) return [];
  const verdict = verdictOf(twin)?.verdict ?? twin.phase;
  return [refuse('duplicate', `${twin.trialId} is the same configuration (${verdict})`)];
}

function checkBudget(question: PlanQuestion): readonly Refusal[] {
  const { state, nowMs, priceUsdPerHour } = question;
  const { maxTrials } = state.budget;
  if (maxTrials !== undefined && state.trials.length > maxTrials)
    return [refuse('budget', `all ${maxTrials} trials of the contract are planned`, false)];
  const trialId = nextTrialId(state);
  const found = budgetRefusal(state, nowMs, { trialId, priceUsdPerHour });
  return found === null ? [] : [refuse('budget', `${found.check}: ${found.message}`, false)];
}
