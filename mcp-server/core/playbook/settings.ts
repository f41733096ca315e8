import { unmetFlags } from '../telemetry/effective-settings.ts';
import type { SettingKey, SettingNames } from './engine-words.ts';
import type { Fact } from './fact.ts';
import type { Observation } from './observation.ts';

export interface Setting {
  readonly text: string;
  /** Null when: it is no number. */
  readonly value: number | null;
  readonly fact: Fact;
}

/** A setting in force: what the engine answers or logs of itself, else the launch. Null when: nothing tells (a default). */
export function settingOf(o: Observation, key: SettingKey): Setting | null {
  const names = o.words.settings[key];
  if (names === undefined) return null;
  return fromEffective(o, names) ?? fromLog(o, names) ?? fromLaunch(o, names);
}

function fromEffective(o: Observation, names: SettingNames): Setting | null {
  for (const { values, evidenceId } of o.effective ?? []) {
    for (const name of names.effective) {
      const text = values.get(name);
      if (text !== undefined && !/^(?:null|None|)$/.test(text)) {
        return asSetting(text, { name, evidenceId });
      }
    }
  }
  return null;
}

function fromLog(o: Observation, names: SettingNames): Setting | null {
  if (names.logValue === null || o.log === null) return null;
  for (const event of o.log.events) {
    const text = event.values[names.logValue];
    if (text !== undefined && text !== 'None') {
      return asSetting(text, {
        name: `log line ${event.lineNumber}`,
        evidenceId: o.log.evidenceId,
      });
    }
  }
  return null;
}

function fromLaunch(o: Observation, names: SettingNames): Setting | null {
  for (const flag of names.flags) {
    const text = o.requested.get(flag);
    if (text !== undefined && text !== null)
      return asSetting(text, { name: flag, evidenceId: null });
  }
  return null;
}

function asSetting(
  text: string,
  where: { readonly name: string; readonly evidenceId: string | null },
): Setting {
  const number = Number(text.replaceAll(',', ''));
  return {
    text,
    value: text.trim() === '' || Number.isNaN(number) ? null : number,
    fact: { ...where, value: text.slice(0, 200) },
  };
}

/** What the engine tells under a name of its own. Undefined when: nobody tells it. */
export function toldOf(o: Observation, name: string): string | undefined {
  return o.effective?.find(({ values }) => values.has(name))?.values.get(name);
}

/** Settings that were asked for and are not in force, as the engine answers or logs them. */
export function unmetSettings(
  o: Observation,
): readonly { readonly flag: string; readonly asked: string; readonly fact: Fact }[] {
  return unmetFlags(o.requested, o.effective ?? []).map(
    ({ flag, asked, found, name, evidenceId }) => ({
      flag,
      asked,
      fact: { name, value: found, evidenceId },
    }),
  );
}
