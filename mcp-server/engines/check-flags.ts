import { type Change, describeChange } from '../core/service/change.ts';
import { flagValue, readFlags } from '../core/service/flags.ts';
import { checkListed, checkRemoved, findFlag } from './check-listed.ts';
import { checkValue } from './check-value.ts';
import { commandFacts } from './command-facts.ts';
import type { CommandFacts, Engine, InventoryFlag } from './engine.ts';
import type { FlagQuestion } from './flag-question.ts';
import { hasNoEffect } from './has-no-effect.ts';
import { type Refusal, refuse } from './refusal.ts';

/** Flags that wire the service to whoever measures it. Source: own reasoning. */
const WIRING = [
  '--port',
  '--host',
  '--served-model-name',
  '--alias',
  '--api-key',
  '--skip-tokenizer-init',
  '--disable-log-stats',
  '--api-prefix',
  '--root-path',
  '--uds',
  '--grpc',
  '--headless',
  '--tokens-only',
  '--ssl-keyfile',
  '--ssl-certfile',
  '--ssl-cert-reqs',
];
/** Switches without which our measuring goes blind. Source: own reasoning. */
const NEEDED = ['--enable-metrics', '--metrics'];

/** Everything that speaks against a changed command line, before anything is deployed. */
export function checkFlags(question: FlagQuestion): readonly Refusal[] {
  const after = factsOf(question, question.argv);
  const before = factsOf(question, question.parentArgv);
  return [
    ...question.changes.flatMap((change) => checkChange(question, change)),
    ...checkCombinations(question.engine, before, after),
    ...checkContext(question, after),
  ];
}

/** What the engine will change by itself; told, never refused. */
export function silentAdjustments(question: FlagQuestion): readonly string[] {
  const after = factsOf(question, question.argv);
  return question.engine.silentAdjustments
    .filter((adjustment) => adjustment.holds(after))
    .map((adjustment) => `${question.engine.title}: ${adjustment.message}.`);
}

function factsOf(question: FlagQuestion, argv: readonly string[]): CommandFacts {
  const { version, attentionHeads } = question;
  return commandFacts(question.engine, argv, { version, attentionHeads });
}

function checkChange(question: FlagQuestion, change: Change): readonly Refusal[] {
  if (change.kind === 'remove_flag') return checkRemoval(question, change.flag);
  if (change.kind !== 'set_flag') return [];
  const removed = checkRemoved(question, change.flag);
  if (removed !== null) return [removed];
  const fact = findFlag(question, change.flag);
  const unlisted = checkListed(question, change.flag, fact);
  if (unlisted !== null) return [unlisted];
  const found: readonly (Refusal | null)[] = [
    fact === null ? null : checkValue({ ...question, fact, change }),
    fact === null ? null : checkEffect(question, fact, change),
    checkWiring(question, change.flag),
  ];
  return found.filter((one) => one !== null);
}

function checkRemoval(question: FlagQuestion, flag: string): readonly Refusal[] {
  const canonical = question.engine.canonicalFlag(flag);
  if (!NEEDED.includes(canonical) && !WIRING.includes(canonical)) return [];
  return [
    refuse('breaks_measurement', `without ${canonical} the service cannot be measured as before`),
  ];
}

function checkWiring({ engine }: FlagQuestion, flag: string): Refusal | null {
  const canonical = engine.canonicalFlag(flag);
  return WIRING.includes(canonical)
    ? refuse(
        'breaks_measurement',
        `${canonical} wires the service to its clients; changing it breaks the measurement`,
      )
    : null;
}

/** A change that cannot change anything. */
function checkEffect(
  question: FlagQuestion,
  fact: InventoryFlag,
  change: Extract<Change, { kind: 'set_flag' }>,
): Refusal | null {
  const { engine, parentArgv } = question;
  if (hasNoEffect(engine, fact, question.version)) {
    const why = fact.constraints.find((text) => text.startsWith('NO EFFECT')) ?? fact.meaning;
    return refuse('no_op', `${change.flag} has no effect: ${why}`);
  }
  const given = flagValue(readFlags(parentArgv, engine), change.flag, engine);
  if (given !== undefined && isSameValue(given, change.value))
    return refuse('no_op', `the parent already has ${describeChange(change)}`);
  const isDefault =
    given === undefined &&
    fact.default !== null &&
    isSameValue(String(fact.default), change.value ?? 'true');
  return isDefault && !change.flag.startsWith('--no-')
    ? refuse('no_op', `${describeChange(change)} is the default of ${engine.title}`)
    : null;
}

function isSameValue(a: string | null, b: string | null): boolean {
  if (a === b) return true;
  if (a === null || b === null || a === '' || b === '') return false;
  return Number(a) === Number(b);
}

/** Fatal combinations that the parent does not have already. */
function checkCombinations(
  engine: Engine,
  before: CommandFacts,
  after: CommandFacts,
): readonly Refusal[] {
  return engine.fatalCombinations
    .filter((combination) => combination.holds(after) && !combination.holds(before))
    .map((combination) =>
      refuse('fatal_combination', `${engine.title} stops at start: ${combination.message}`),
    );
}

function checkContext(question: FlagQuestion, after: CommandFacts): readonly Refusal[] {
  const context = question.engine.contextTokens(after);
  if (context === null || context >= question.minContextTokens) return [];
  return [
    refuse(
      'min_context',
      `a request could hold ${context} tokens; the contract guarantees ${question.minContextTokens} (${question.engine.contextFlag})`,
      false,
    ),
  ];
}
