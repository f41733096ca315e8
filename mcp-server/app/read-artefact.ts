import { InvalidInputError } from '../core/errors.ts';
import { cleanText } from '../core/redact.ts';
import { parseProfilerContext } from '../core/telemetry/graphsignal.ts';
import { createLogClassifier } from '../core/telemetry/logs.ts';
import { readPrometheus } from '../core/telemetry/prometheus.ts';
import { ENGINES } from '../engines/index.ts';

const ARTEFACT_KINDS = ['graphsignal', 'metrics', 'log'] as const;

/** A foreign or stored artefact as normalised records. Every text in them is data from outside. */
export interface ArtefactRecords {
  readonly kind: (typeof ARTEFACT_KINDS)[number];
  /** Each with `record`, what kind of thing it is, beside its own fields. */
  readonly records: readonly { readonly record: string }[];
  /** What was left out, by kind of thing. */
  readonly dropped: Readonly<Record<string, number>>;
}

/**
 * Reads one artefact as autodebug sees it.
 * Throws: InvalidInputError for an unknown kind or engine.
 */
export function readArtefact(
  text: string,
  as: { readonly kind: string; readonly engine: string | null },
): ArtefactRecords {
  switch (as.kind) {
    case 'graphsignal':
      return readProfiler(text);
    case 'metrics':
      return readMetrics(text);
    case 'log':
      return readLog(text, as.engine);
    default:
      throw new InvalidInputError(`"${cleanText(as.kind, 40)}" is no kind of artefact.`, {
        code: 'E_INVALID_INPUT',
        fix: `Pass --as ${ARTEFACT_KINDS.join(' | ')}.`,
      });
  }
}

const tagged = <Item extends object>(record: string, items: readonly Item[]) =>
  items.map((item) => ({ ...item, record }));

function readProfiler(text: string): ArtefactRecords {
  const context = parseProfilerContext(text);
  const { generation, layout, points } = context;
  return {
    kind: 'graphsignal',
    records: [
      ...tagged('answer', [{ generation, layout, points }]),
      ...tagged('metric', context.metrics),
      ...tagged('profile', context.operations),
      ...tagged('span', context.spans),
      ...tagged('attributes', context.resources),
      ...tagged('log', context.logs),
    ],
    dropped: context.dropped,
  };
}

function readMetrics(text: string): ArtefactRecords {
  const { samples, malformedLines, dropped } = readPrometheus(text);
  return {
    kind: 'metrics',
    records: tagged('series', samples),
    dropped: { malformedLines, samples: dropped },
  };
}

function readLog(text: string, engineId: string | null): ArtefactRecords {
  const engine = Object.values(ENGINES).find((one) => one.id === (engineId ?? guessEngine(text)));
  if (engine === undefined) {
    throw new InvalidInputError(`"${cleanText(engineId ?? '', 40)}" is no engine.`, {
      code: 'E_INVALID_INPUT',
      fix: `Pass --engine ${Object.keys(ENGINES).join(' | ')}.`,
    });
  }
  const classifier = createLogClassifier(engine);
  classifier.push(text);
  const { events, lines, dropped } = classifier.end();
  return {
    kind: 'log',
    records: tagged('event', events),
    dropped: { events: dropped, unclassifiedLines: Math.max(0, lines - events.length - dropped) },
  };
}

/** Engine that a log names most. */
function guessEngine(text: string): string {
  const head = text.slice(0, 200_000);
  const rows = Object.values(ENGINES).map(({ id, logMark }) => ({
    id,
    n: head.match(logMark)?.length ?? 0,
  }));
  return rows.toSorted((a, b) => b.n - a.n)[0]?.id ?? 'sglang';
}
