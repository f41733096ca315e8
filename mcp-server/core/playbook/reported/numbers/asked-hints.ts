import { type Hint, type Report, withoutThousands, wordsOf } from '../report.ts';

const MAX_CHARS = 200_000;
const NONE: readonly Hint[] = [];

const ASKED = /max_(?:new_|completion_)?tokens\W{1,3}(\d+)/;
const WRITTEN =
  /(?:outputs?|answers?|replies|completions?|utterances?)\b[^\d\n]{0,20}(\d+) tokens/i;
/** So many times what is written is asked for. Source: own reasoning; SGLang begins by setting aside 0.7 of what is asked for. */
const FAR_MORE = 8;

/** Room is set aside for far more than is ever written, and people queue. Source: SGLang managers/schedule_policy.py. */
function setAside(report: Report, words: string): readonly Hint[] {
  const told = withoutThousands(`${report.input.launch_command ?? ''}\n${words}`);
  const asked = ASKED.exec(told);
  const ratio = Number(asked?.[1]) / Number(WRITTEN.exec(told)?.[1]);
  const isQueueing = /queue|waiting|pending/i.test(words);
  if (report.engine !== 'sglang' || !isQueueing || !(ratio >= FAR_MORE)) return NONE;
  const evidence = `${asked?.[0] ?? ''}, ${Math.round(ratio)} times what is written`;
  return [{ cls: 'admission_too_conservative', weight: 0.7, evidence }];
}

const UNPLACED = /fail|TERMINATED_BY_SERVER|pending|provisioning|never starts|not start/i;
/** A number, or the end of a range that has one. */
const MOST_NODES = /\bnodes: ?(?:\d+\.\.)?(\d+)\b(?!\.\.)/;

/** More replicas than the fleet has machines. Source: dstack docs, fleets and services. */
function replicasOverNodes(report: Report, words: string): readonly Hint[] {
  const told = `${report.input.launch_command ?? ''}\n${words}\n${report.input.log ?? ''}`;
  const replicas = Number(/\breplicas: ?(\d+)/.exec(told)?.[1]);
  const nodes = Number(MOST_NODES.exec(told)?.[1]);
  const isShort = report.engine === 'dstack' && replicas > nodes;
  if (!isShort || !UNPLACED.test(told)) return NONE;
  return [{ cls: 'no_capacity', weight: 0.85, evidence: `replicas ${replicas}, nodes ${nodes}` }];
}

/** Where a report asks for more than there is, or than is used. */
export function askedHints(report: Report): readonly Hint[] {
  const words = wordsOf(report).slice(0, MAX_CHARS);
  return [...setAside(report, words), ...replicasOverNodes(report, words)];
}
