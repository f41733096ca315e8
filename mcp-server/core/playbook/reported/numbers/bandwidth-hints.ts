import { gpuFacts } from '../../../roofline/gpus.ts';
import { type Hint, type Report, withoutThousands, wordsOf } from '../report.ts';
import { weightsOf } from './sizes.ts';

const MAX_LINES = 200;
const MAX_CHARS = 200_000;
const CLS = 'decode_bandwidth_bound';

/** What a token or a run took, or how many tokens came in a second: the last of a line. */
const PACE = /(?<![\d.])(\d+(?:\.\d+)?) ?(ms|s|tok\w*\/s|t\/s|tps)(?![\w/])/gi;

interface Pace {
  readonly line: string;
  readonly bandwidth: number;
  /** Time for the same work, or its like where a speed is told. */
  readonly cost: number;
  readonly isTime: boolean;
}

/** A line that names one card and what it took there. */
function paceOf(line: string): readonly Pace[] {
  const facts = gpuFacts(CARD.exec(line)?.[0] ?? '');
  const [, text, unit = ''] = [...line.matchAll(PACE)].at(-1) ?? [];
  if (facts === null || text === undefined || PROMPTS.test(line)) return [];
  return [{ line, bandwidth: facts.bandwidthGbPerS, ...costOf(Number(text), unit) }];
}

function costOf(value: number, unit: string): { readonly cost: number; readonly isTime: boolean } {
  const isTime = /^m?s$/i.test(unit);
  if (!isTime) return { cost: 1 / value, isTime };
  return { cost: unit.startsWith('m') ? value / 1000 : value, isTime };
}

/** A card as people write it; a bare number of four digits may be anything. */
const CARD =
  /\b(?:(?:RTX|GeForce|Tesla|Quadro)[ -]?(?:RTX ?)?[A-Z]?\d+\w*(?: Ada)?|[ABHLPTV]\d{1,4}S?(?: \d+ ?GB| PCIe| SXM\d?)?|GB10|DGX Spark|GX10|MI\d{3}X|[345]0[6-9]0)\b/i;
const PROMPTS = /ttft|first token|prefill|prompt (?:eval|processing)|\bpp\d*\b/i;

/** Two cards whose paces are as their memories are. Source: playbook row 30: decode reads all weights for every token. */
function twoCards(words: string): readonly Hint[] {
  const paces = words.split('\n').slice(0, MAX_LINES).flatMap(paceOf);
  const pair = paces
    .flatMap((a) => paces.map((b) => [a, b] as const))
    .find(([a, b]) => {
      const [memory, pace] = [b.bandwidth / a.bandwidth, a.cost / b.cost];
      return (
        a.isTime === b.isTime &&
        memory > 1.15 &&
        pace > 1.1 &&
        pace > 0.65 * memory &&
        pace < 1.5 * memory
      );
    });
  if (pair === undefined) return [];
  const evidence = `${pair[0].line}; ${pair[1].line}`.slice(0, 300);
  return [{ cls: CLS, weight: 0.75, evidence }];
}

/** More than one stream, or tokens that no step of their own was made for. */
const MANY =
  /concurren\w*[ =:]+(?:[2-9]|\d{2,})|\b(?:[2-9]|\d{2,})[- ](?:concurrent|parallel|users|clients|streams|requests|way)|batch(?: size)?[ =:]+(?:[2-9]|\d{2,})|req\/s|request rate|throughput|specul|draft|\bmtp\b|eagle/i;
const SPEED = /(?<![\d.])(\d+(?:\.\d+)?) ?(?:tok\w*\/s|t\/s|tps)\b/i;

/** A row that is of one stream, whatever the others are of. */
const ONE =
  /(?<![\w.])(?:1|one|a single) (?:streams?|users?|clients?|requests?)\b[^\n;\d]{0,24}?(\d+(?:\.\d+)?) ?(?:tok\w*\/s|t\/s|tps)\b/i;

/** Tokens per second of a lone stream. NaN when: none is told, or many streams may be meant. */
function aloneSpeed(report: Report, words: string): number {
  const [, one] = ONE.exec(words) ?? [];
  if (one !== undefined && !DRAFTS.test(report.input.launch_command ?? '')) return Number(one);
  const isMany = MANY.test(words) || MANY.test(report.input.launch_command ?? '');
  return isMany ? Number.NaN : Number(SPEED.exec(words)?.[1] ?? Number.NaN);
}

const LOGGED =
  /Avg generation throughput: ([\d.]+) tokens\/s, Running: (\d+) reqs|#running-req: (\d+),[^\n]*gen throughput \(token\/s\): ([\d.]+)/g;
const DRAFTS = /specul|draft|eagle|\bmtp\b/i;

/** Tokens per second of the one request that all lines of a log show running. NaN when: others ran too, or none. */
function loggedAlone(report: Report): number {
  const lines = [...(report.input.log ?? '').slice(-MAX_CHARS).matchAll(LOGGED)];
  const isAlone = lines.length >= 2 && lines.every((line) => (line[2] ?? line[3]) === '1');
  if (!isAlone || DRAFTS.test(report.input.launch_command ?? '')) return Number.NaN;
  return Math.max(...lines.map((line) => Number(line[1] ?? line[4])));
}

/** What a lone stream reads of its weights, beside what the memory can. NaN where a report does not tell. */
function readOf(report: Report, words: string) {
  const told = aloneSpeed(report, words);
  const speed = Number.isNaN(told) ? loggedAlone(report) : told;
  const { gbPerToken, gpus } = weightsOf(report, words);
  const bandwidth = gpuFacts(report.input.gpu ?? '')?.bandwidthGbPerS ?? Number.NaN;
  return { speed, gbPerToken, share: (gbPerToken * speed) / (bandwidth * gpus) };
}

/** Part of the memory's bandwidth that reading the weights of a lone stream takes, ratio 0..1. NaN where a report does not tell. */
export const bandwidthShare = (report: Report, words: string): number =>
  readOf(report, words).share;

/** One stream that reads its weights about as fast as the memory can. Source: playbook row 30. */
function nearTheFloor(report: Report, words: string): readonly Hint[] {
  const { speed, gbPerToken, share } = readOf(report, words);
  const evidence = `${gbPerToken.toFixed(1)} GB of weights a token at ${speed} tok/s use ${Math.round(100 * share)} % of the bandwidth`;
  // Who tells of the first token complains of something else.
  const weight = PROMPTS.test(words) ? 0.3 : 0.65;
  return share > 0.45 && share < 1.3 ? [{ cls: CLS, weight, evidence }] : [];
}

/** A model by its size, with the part that a token needs where it is a mixture, and a pace behind it. */
const MODEL_PACE =
  /(?<![\d.])(\d+(?:\.\d+)?)B(?:-A(\d+(?:\.\d+)?)B)?\b[^\n]*?(?<![\d.])(\d+(?:\.\d+)?) ?(?:tok\w*\/s|t\/s|tps)\b/g;
/** From here on a pace is another. Source: own reasoning. */
const CLEARLY = 1.3;

/** A dense model is slower than a larger mixture, as the weights are of which a token reads all. Source: playbook row 30. */
function denseBesideMixture(words: string): readonly Hint[] {
  const rows = [...words.matchAll(MODEL_PACE)].map(([line, total, active, speed]) => ({
    line,
    total: Number(total),
    active: active === undefined ? null : Number(active),
    speed: Number(speed),
  }));
  const dense = rows.find(
    (row) =>
      row.active === null &&
      rows.some(
        ({ total, active, speed }) =>
          active !== null &&
          total >= row.total &&
          active < row.total &&
          speed > CLEARLY * row.speed,
      ),
  );
  return dense === undefined ? [] : [{ cls: CLS, weight: 0.75, evidence: dense.line }];
}

/** What the memory of the cards says of a report's paces. */
export function bandwidthHints(report: Report): readonly Hint[] {
  const words = withoutThousands(wordsOf(report));
  return [...twoCards(words), ...nearTheFloor(report, words), ...denseBesideMixture(words)];
}
