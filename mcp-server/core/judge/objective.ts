import { percent } from '../percent.ts';
import { findSpread } from '../stats/spread.ts';
import { type Comparison, compareOverall } from './compare.ts';
import { describeComparison } from './describe-comparison.ts';
import { logInterval, ruleOnGain } from './gain.ts';
import { describeDeploymentNoise } from './noise.ts';
import { sharedBlocks } from './pairing.ts';
import { invalid, type Ruling, unclear } from './ruling.ts';
import { type JudgedSide, type JudgeInput, usableRuns } from './sides.ts';

/** The verdict by the objective alone, where every gate holds on both sides. */
export function ruleOnObjective(input: JudgeInput): Ruling {
  const ruling = ruleOnNumbers(input);
  if (ruling.verdict === 'invalid') return ruling;
  return { ...ruling, reasons: [...ruling.reasons, ...turnNote(input), ...priorNote(input)] };
}

function ruleOnNumbers(input: JudgeInput): Ruling {
  const { objective } = input.ruler;
  const { overall } = compareOverall(input, { id: objective.metric, quantile: objective.quantile });
  const said = describeComparison(overall);
  const { logRatio, error } = overall;
  if (logRatio === null) return invalid(`the objective is undefined: ${said}`);
  const terms = { better: objective.direction, minEffectRatio: objective.minEffectRatio };
  switch (ruleOnGain({ logRatio, error }, terms)) {
    case 'keep':
      return { verdict: 'keep', gate: null, reasons: [`better beyond noise: ${said}`] };
    case 'discard':
      return { verdict: 'discard', gate: null, reasons: [`worse beyond noise: ${said}`] };
    case 'unclear':
      return unclear(input, `a gain that noise could explain: ${said}`);
    case 'tie':
      return tie(input, overall);
  }
}

/** Of two equals the simpler stays; a simpler trial takes over where it is proven to lose less than the minimum effect. */
function tie(input: JudgeInput, overall: Comparison): Ruling {
  const { direction, minEffectRatio } = input.ruler.objective;
  const effect = percent(minEffectRatio);
  const said = describeComparison(overall);
  const ends = logInterval({ logRatio: overall.logRatio ?? Number.NaN, error: overall.error });
  const worst =
    ends === null ? Number.NEGATIVE_INFINITY : direction === 'maximise' ? ends[0] : -ends[1];
  if (input.isSimpler === true && worst > -Math.log1p(minEffectRatio)) {
    const reason = `no loss of the minimum effect of ${effect}: ${said}; it is the simpler one, and of two equals the simpler wins`;
    return { verdict: 'keep', gate: null, reasons: [reason] };
  }
  const reason = `no difference beyond noise and the minimum effect of ${effect}: ${said}; the simpler one stays`;
  return { verdict: 'tie', gate: null, reasons: [reason] };
}

/** Says how much of the comparison took turns. */
function turnNote(input: JudgeInput): readonly string[] {
  const trial = usableRuns(input.trial);
  const blocks = sharedBlocks({ trial, reference: usableRuns(input.reference) });
  if (blocks.length === 0) return [];
  const repeats = new Set(trial.map(({ measurement: run }) => `${run.deploymentId} ${run.repeat}`));
  return [
    `${blocks.length} of ${repeats.size} repeats ran in turn with ${input.reference.trialId} and are compared block by block`,
  ];
}

/** Says which part of the noise was believed and which was measured. */
function priorNote(input: JudgeInput): readonly string[] {
  const deployments = (side: JudgedSide): readonly string[] =>
    usableRuns(side).map((run) => run.measurement.deploymentId);
  const all = new Set([...deployments(input.trial), ...deployments(input.reference)]);
  if (all.size < 2) return [];
  const { metric, quantile } = input.ruler.objective;
  const named = { id: metric, quantile };
  const own = findSpread(input.ruler.spreads, named, 0)?.between;
  return [`${describeDeploymentNoise(named, own)}, added in quadrature`];
}
