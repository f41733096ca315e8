import { InvalidInputError } from '../core/errors.ts';
import { cleanText } from '../core/redact.ts';
import { checkWorkload, parseWorkload } from '../core/workload/parse-workload.ts';
import type { WorkloadSpec } from '../core/workload/workload.ts';
import type { App } from './app.ts';

type Reach = Pick<App, 'files'>;

/** A preset by its name, or a workload written out. Throws: InvalidInputError `E_WORKLOAD`. */
export async function resolveWorkload(
  app: Reach,
  workload: string | Readonly<Record<string, unknown>>,
): Promise<WorkloadSpec> {
  if (typeof workload !== 'string') return checkWorkload(workload, 'argument');
  return readPreset(app, workload, (shown) => ({
    code: 'E_WORKLOAD',
    message: `There is no workload preset ${shown}.`,
  }));
}

/** What to say where there is no such preset; `shown` is its name, quoted and cleaned. */
type SayMissing = (shown: string) => { readonly code: `E_${string}`; readonly message: string };

/** A shipped workload. Throws: InvalidInputError as `sayMissing` words it; `E_WORKLOAD` where the file is no workload. */
export async function readPreset(
  app: Reach,
  name: string,
  sayMissing: SayMissing,
): Promise<WorkloadSpec> {
  const text = await app.files.readPreset(name);
  if (text !== null) return parseWorkload(text, `${name}.yaml`);
  const known = await app.files.listPresets();
  const { code, message } = sayMissing(`"${cleanText(name, 60)}"`);
  throw new InvalidInputError(message, {
    code,
    fix: `Use one of ${known.join(', ')}, or write a workload out.`,
  });
}
