import { ConfigError } from '../../core/errors.ts';
import { profilerTagOf } from './profiler-tag.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a program needs from the machine around it; everything else must be named by the service. */
const MACHINE_NAMES =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|TZ|TMPDIR|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|(CUDA|NVIDIA|ROCR|HIP)_[A-Z_]+|HF_HOME|XDG_CACHE_HOME|VIRTUAL_ENV|CONDA_PREFIX|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY|SSL_CERT_FILE|REQUESTS_CA_BUNDLE)$/;

/** Names that the service takes from our environment and that are not set there. */
export function missingNames(
  declared: Readonly<Record<string, string | null>>,
  ours: Environment,
): readonly string[] {
  return Object.keys(declared).filter(
    (name) => declared[name] === null && ours[name] === undefined,
  );
}

/**
 * The environment of a deployment: the machine's, then what the service declares (bare names from ours), then tags for
 * the profiler. Throws: ConfigError `E_ENV_MISSING` naming what is not set.
 */
export function childEnvironment(
  declared: Readonly<Record<string, string | null>>,
  ours: Environment,
  tags: Readonly<Record<string, string>>,
): Record<string, string> {
  const missing = missingNames(declared, ours);
  if (missing.length > 0) {
    throw new ConfigError(
      `The service takes ${missing.join(', ')} from the environment, where it is not set.`,
      {
        code: 'E_ENV_MISSING',
        fix: `Set ${missing.join(', ')} in the environment that starts autodebug, or give a value under env in the service file.`,
      },
    );
  }
  const machine = Object.entries(ours).filter(([name]) => MACHINE_NAMES.test(name));
  const service = Object.entries(declared).map(([name, value]) => [name, value ?? ours[name]]);
  const profiler = Object.entries(tags).map(([key, value]) => [profilerTagOf(key), value]);
  const all = [...machine, ...profiler, ...service];
  return Object.fromEntries(all.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
