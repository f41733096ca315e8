import { AutodebugError } from '../core/errors.ts';
import { parseWith } from '../core/parse.ts';
import type { Observation } from '../core/playbook/observation.ts';
import { diagnoseReport, type ReportedCause } from '../core/playbook/reported/diagnose-report.ts';
import type { FlagNames } from '../core/playbook/reported/knobs/named-flags.ts';
import { engineOf, Report, wordsOf } from '../core/playbook/reported/report.ts';
import { type LearnedModel, learnedModel } from '../core/playbook/reported/words/learned.ts';
import { readFlags } from '../core/service/flags.ts';
import { parseLaunch } from '../core/service/launch.ts';
import type { LogEvent } from '../core/telemetry/log-event.ts';
import { readLogLoad } from '../core/telemetry/log-load.ts';
import { classifyLog } from '../core/telemetry/logs.ts';
import { parsePrometheus } from '../core/telemetry/prometheus.ts';
import type { Engine } from '../engines/engine.ts';
import { ENGINES, engineById } from '../engines/index.ts';
import { usableFlags } from '../engines/usable-flags.ts';

export interface CaseDiagnosis {
  /** Most likely first. */
  readonly causes: readonly ReportedCause[];
}

/**
 * Diagnoses a case of texts alone: launch, log, scrape, benchmark, symptom, GPU, model. Labels beside them are not read.
 * `model` is what was learned of words; without any (`NO_WORDS`) only rules speak.
 * Throws: InvalidInputError where it is no case.
 */
export function diagnoseCase(value: unknown, model: LearnedModel = learnedModel()): CaseDiagnosis {
  const report = parseWith(Report, value, {
    name: 'The case',
    fix: 'Give {engine, input: {launch_command?, log?, metrics_text?, benchmark?, symptom?, gpu?, model?}}.',
  });
  const engine = engineById(engineOf(report));
  const observation = observeReport(report, engine);
  const scrape = parsePrometheus(report.input.metrics_text ?? '');
  const names = flagNames(engine, report.engine_version ?? null);
  return { causes: diagnoseReport(report, { observation, scrape, names, model }) };
}

/** A release as the engines write theirs; a branch or a date tells none. */
const RELEASE = /^v?(\d+\.\d+(?:\.\d+)?(?:\.?(?:post|rc)\d+)?|b\d+)$/;

function flagNames(engine: Engine, version: string | null): FlagNames {
  const release = RELEASE.exec(version ?? '')?.[1];
  const groups = engine.flags.map((flag) => [
    flag.flag,
    ...flag.aliases,
    ...flag.deprecatedAliases,
  ]);
  const groupOf = new Map(groups.flatMap((group) => group.map((name) => [name, group] as const)));
  return {
    id: engine.id,
    known: new Set(groups.flat()),
    usable: release === undefined ? null : usableFlags(engine, release),
    aliasesOf: (flag) => groupOf.get(flag) ?? [],
    removedFlags: engine.removedFlags,
  };
}

function observeReport(report: Report, engine: Engine): Observation {
  const { launch_command: launch, log } = report.input;
  return {
    engine: engine.id,
    words: engine.words,
    version: null,
    requested: requestedFlags(launch ?? '', engine),
    effective: null,
    usableFlags: usableFlags(engine, null),
    client: null,
    reference: null,
    metrics: null,
    profile: null,
    log:
      typeof log === 'string'
        ? { events: eventsOf(log, engine), load: readLogLoad(log, null), evidenceId: 'e000000' }
        : quotedLog(report, engine),
    floors: null,
    hardware: { gpu: report.input.gpu ?? 'unknown', gpuCount: 1, cores: null },
    workload: null,
    model: null,
    objective: null,
    minContextTokens: 0,
    spreads: {},
    crash: null,
  };
}

/** What somebody cites of a log within words, in quotes or by an exception's name. */
const CITED =
  /"([^"\n]{24,600})"|`([^`\n]{24,600})`|((?:\b[A-Z]\w+(?:Error|Exception)|\berror): [^\n]{12,400})/g;

/** Lines that the words of a report cite, read as a log. Null when: they cite none that anybody knows. */
function quotedLog(report: Report, engine: Engine): Observation['log'] {
  const lines = [...wordsOf(report).matchAll(CITED)].map(
    ([, double, tick, named]) => double ?? tick ?? named ?? '',
  );
  const events = eventsOf(lines.join('\n'), engine).filter((event) => event.rootCause);
  return events.length === 0 ? null : { events, load: null, evidenceId: 'e000000' };
}

/** The engine's own events; where none says why, those that any other engine would print. */
function eventsOf(log: string, engine: Engine): readonly LogEvent[] {
  const own = classifyLog(log, engine);
  if (own.some((event) => event.rootCause)) return own;
  const others = Object.values(ENGINES).filter((other) => other.id !== engine.id);
  return (
    others
      .map((other) => classifyLog(log, other))
      .find((events) => events.some((event) => event.rootCause)) ?? own
  );
}

function requestedFlags(command: string, engine: Engine): ReadonlyMap<string, string | null> {
  try {
    const flags = readFlags(parseLaunch(command).argv, engine);
    return new Map(
      flags.flatMap(({ flag, value }) => [
        [flag, value],
        [engine.canonicalFlag(flag), value],
      ]),
    );
  } catch (error) {
    // A launch that is no simple command tells its flags as words only.
    if (error instanceof AutodebugError) return new Map();
    throw error;
  }
}
