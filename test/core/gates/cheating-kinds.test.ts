import { beforeAll, describe, expect, it } from 'vitest';
import { type EngineModel, PLAIN_ENGINE } from '../../fakes/cheating/engine-model.ts';
import { calibrateHonest, type Incumbent, tryService } from '../../fakes/cheating/gated-trial.ts';
import { HONEST_SERVICES } from '../../fakes/cheating/honest-services.ts';
import { type Cheats, cheatsOf, KIND_NAMES, kindOf } from '../../fakes/cheating/kinds.ts';

const SEED = 11;
const NO_CHEATS: Cheats = new Map();
const incumbents = new Map<string, Promise<Incumbent>>();

function incumbentOf(
  how: Partial<EngineModel>,
  exactOutput: boolean,
  had: Cheats = NO_CHEATS,
): Promise<Incumbent> {
  const key = JSON.stringify([how, exactOutput, [...had]]);
  const known = incumbents.get(key);
  const calibrated =
    known ?? calibrateHonest({ seed: SEED, exactOutput }, { ...PLAIN_ENGINE, ...how }, had);
  incumbents.set(key, calibrated);
  return calibrated;
}

beforeAll(async () => {
  await incumbentOf({}, true);
  await incumbentOf({}, false);
}, 60_000);

describe('a service that cheats', () => {
  it('comes in more than sixty kinds', () => {
    expect(KIND_NAMES.length).toBeGreaterThanOrEqual(60);
  });

  it.each(KIND_NAMES)(
    '%s is promoted for no objective, and named',
    async (name) => {
      const kind = kindOf(name);
      const path = kind.pathMs === undefined ? {} : { pathMs: kind.pathMs };
      const how = { ...path, ...kind.before };
      const cheats = cheatsOf(name, kind.strengths.at(-1) ?? 1);
      const incumbent = await incumbentOf(how, kind.exactOutput ?? true, cheats.incumbent);
      const service = {
        model: { ...PLAIN_ENGINE, ...how },
        cheats: cheats.trial,
        speed: kind.speed ?? 1,
        canAlterOutputs: kind.altersOutputs === true,
      };
      const outcomes = await tryService(incumbent, service, 900);
      expect(outcomes.map(({ verdict }) => verdict)).not.toContain('keep');
      expect(outcomes.flatMap(({ findings }) => findings)).toContain(kind.caughtBy);
    },
    60_000,
  );
});

describe('an honest service', () => {
  it.each(HONEST_SERVICES)(
    '$name is refused by no gate',
    async (honest) => {
      const faults = honest.faults ?? NO_CHEATS;
      const incumbent = await incumbentOf(honest.before, honest.exactOutput ?? true, faults);
      const outcomes = await tryService(
        incumbent,
        {
          ...honest,
          model: { ...PLAIN_ENGINE, ...honest.before, ...honest.after },
          cheats: faults,
          speed: honest.speed ?? 1,
        },
        901,
      );
      expect(outcomes.map(({ gate }) => gate)).toEqual([null, null, null]);
      expect(outcomes.map(({ verdict }) => verdict)).not.toContain('invalid');
    },
    60_000,
  );

  it.each(['faster by 20 %', 'faster by 80 %'])('%s is kept', async (name) => {
    const honest = HONEST_SERVICES.find((one) => one.name === name);
    const incumbent = await incumbentOf({}, true);
    const service = { model: PLAIN_ENGINE, cheats: NO_CHEATS, speed: honest?.speed ?? 1 };
    const outcomes = await tryService(incumbent, service, 902);
    expect(outcomes[0]).toMatchObject({ verdict: 'keep', gate: null });
  });

  it('is kept where no health sample of the baseline can be read, and the verdict says so', async () => {
    const incumbent = await incumbentOf({}, true);
    const { measured } = incumbent;
    const gate = { ...measured.gate, samples: [] };
    const service = { model: PLAIN_ENGINE, cheats: NO_CHEATS, speed: 1.4 };
    const outcomes = await tryService(
      { ...incumbent, measured: { ...measured, gate } },
      service,
      903,
    );
    expect(outcomes[0]).toMatchObject({ verdict: 'keep', gate: null, findings: [] });
    expect(outcomes[0]?.reasons.join('\n')).toContain('no health sample of the baseline');
  });
});
