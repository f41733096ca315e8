import {
  AutodebugError,
  ConfigError,
  DeployError,
  InvalidInputError,
} from '../../../core/errors.ts';
import { cleanText, redactText } from '../../../core/redact.ts';
import type { RunResult } from '../../../ports/process-runner.ts';

/** What went wrong with a call to dstack, by the words it prints (it has no error codes). */
export interface CliFailure {
  readonly code: `E_${string}`;
  readonly message: string;
  readonly fix: string;
  readonly fault: 'operator' | 'agent' | 'environment';
  readonly retryable: boolean;
}

interface Pattern extends Omit<CliFailure, 'retryable'> {
  readonly words: string;
  readonly retryable?: boolean;
}

const LOGIN_FIX =
  'Log in again: `dstack project add --name P --url U --token T -y`, or set DSTACK_SERVER_URL, DSTACK_TOKEN and DSTACK_PROJECT.';

/** Source: texts of dstack 0.22.5, read with whitespace collapsed since it wraps them. */
const PATTERNS: readonly Pattern[] = [
  {
    words: 'is denied. Please check your access token',
    code: 'E_DSTACK_LOGIN',
    message: 'The dstack server refused the token.',
    fix: LOGIN_FIX,
    fault: 'operator',
  },
  {
    words: 'Failed to connect to dstack server',
    code: 'E_DSTACK_UNREACHABLE',
    message: 'The dstack server does not answer.',
    fix: 'Start the dstack server, or correct its URL in ~/.dstack/config.yml or DSTACK_SERVER_URL.',
    fault: 'environment',
    retryable: true,
  },
  {
    words: 'is not configured',
    code: 'E_DSTACK_PROJECT',
    message: 'dstack does not know the project.',
    fix: 'Run `dstack project list` and set DSTACK_PROJECT to one of them, or add it with `dstack project add`.',
    fault: 'operator',
  },
  {
    words: 'Status code 404 when requesting',
    code: 'E_DSTACK_PROJECT',
    message: 'The dstack server does not know the project.',
    fix: 'Run `dstack project list` and set DSTACK_PROJECT to a project of this server.',
    fault: 'operator',
  },
  {
    words: 'No default project',
    code: 'E_DSTACK_PROJECT',
    message: 'No dstack project is chosen.',
    fix: 'Run `dstack project set-default NAME`, or set DSTACK_PROJECT.',
    fault: 'operator',
  },
  {
    words: 'the project is not specified',
    code: 'E_DSTACK_PROJECT',
    message: 'DSTACK_SERVER_URL and DSTACK_TOKEN are set, DSTACK_PROJECT is not.',
    fix: 'Set DSTACK_PROJECT.',
    fault: 'operator',
  },
  {
    words: 'SSH client not found',
    code: 'E_DSTACK_TOOLS',
    message: 'dstack needs an ssh client and found none.',
    fix: 'Install openssh-client, or name the binary in DSTACK_SSH_CLIENT.',
    fault: 'operator',
  },
  {
    words: 'Bad git executable',
    code: 'E_DSTACK_TOOLS',
    message: 'dstack needs git and found none.',
    fix: 'Install git on the machine that runs autodebug.',
    fault: 'operator',
  },
  {
    words: 'Environment variable',
    code: 'E_ENV_MISSING',
    message: 'The service takes a variable from the environment, where it is not set.',
    fix: 'Set every name that stands under env without a value in the environment that starts autodebug.',
    fault: 'operator',
  },
  {
    words: 'Error pulling configuration for image',
    code: 'E_IMAGE',
    message:
      'The dstack server could not read the image from its registry (wrong tag, or private).',
    fix: 'Correct the image and its tag, or give registry_auth in the service file.',
    fault: 'agent',
  },
  {
    words: 'validation error',
    code: 'E_SERVICE_FILE',
    message: 'dstack does not accept the service file.',
    fix: 'Correct the field that dstack names; it refuses unknown fields.',
    fault: 'agent',
  },
  {
    words: 'Resource name should match regex',
    code: 'E_SERVICE_FILE',
    message: 'dstack does not accept a name in the service file.',
    fix: 'Use 2 to 41 of a-z, 0-9 and -, beginning with a letter.',
    fault: 'agent',
  },
  {
    words: 'Auto-scaling is not supported',
    code: 'E_SERVICE_FILE',
    message: 'The service scales, which dstack does only with a gateway.',
    fix: 'Give replicas as one number.',
    fault: 'agent',
  },
  {
    words: 'requires a gateway',
    code: 'E_SERVICE_FILE',
    message: 'The service asks for a gateway, and the project has none.',
    fix: 'Write `gateway: false` in the service file, or make a gateway in dstack.',
    fault: 'agent',
  },
  {
    words: 'Cannot override active run',
    code: 'E_RUN_EXISTS',
    message: 'A run of this name is active already.',
    fix: 'Stop that run, or plan another trial, so that the name is new.',
    fault: 'environment',
  },
];

/** Both streams as one line: dstack prints errors to stdout, tracebacks to stderr, and wraps either. */
export function collapseOutput(result: Pick<RunResult, 'stdout' | 'stderr'>): string {
  return cleanText(`${result.stdout}\n${result.stderr}`, 20_000).replaceAll(/\s+/g, ' ').trim();
}

/** True when the output of a failed call says that the run or fleet does not exist. */
export function saysNotFound(result: Pick<RunResult, 'stdout' | 'stderr'>): boolean {
  return /\b(?:Run|Fleet)\b.{1,120}(?:not found|does not exist)/.test(collapseOutput(result));
}

/** Classifies a failed call. Throws nothing; a text nobody has seen yet is `E_DSTACK`. */
export function classifyFailure(result: RunResult): CliFailure {
  if (result.notFound) return MISSING_BINARY;
  if (result.timedOut) return TIMED_OUT;
  const text = collapseOutput(result);
  const found = PATTERNS.find(({ words }) => text.includes(words));
  if (found === undefined) return { ...UNKNOWN, message: unknownMessage(result) };
  const { code, message, fix, fault } = found;
  return { code, message, fix, fault, retryable: found.retryable ?? false };
}

const MISSING_BINARY: CliFailure = {
  code: 'E_DSTACK_MISSING',
  message: 'The dstack command was not found.',
  fix: "Install it with `uv tool install 'dstack==0.22.5'` or `pip install`, or name the binary in DSTACK_BIN.",
  fault: 'operator',
  retryable: false,
};

const TIMED_OUT: CliFailure = {
  code: 'E_DSTACK_TIMEOUT',
  message: 'dstack did not answer in time and was ended.',
  fix: 'Look whether the dstack server is healthy (`dstack ps`), then try again.',
  fault: 'environment',
  retryable: true,
};

const UNKNOWN: CliFailure = {
  code: 'E_DSTACK',
  message: '',
  fix: 'Run the same dstack command by hand and read what it prints.',
  fault: 'environment',
  retryable: true,
};

function unknownMessage(result: RunResult): string {
  const code =
    result.exitCode === null ? 'without an exit code' : `with exit code ${result.exitCode}`;
  return `dstack ended ${code} and a text that is not known.`;
}

/** The same as an error to throw. The words of dstack go into `cause` alone, redacted. */
export function failureError(
  failure: CliFailure,
  said: string,
  secrets: readonly string[],
): AutodebugError {
  const facts = {
    code: failure.code,
    fix: failure.fix,
    retryable: failure.retryable,
    cause: new Error(redactText(cleanText(said, 2000), secrets)),
  };
  switch (failure.fault) {
    case 'operator':
      return new ConfigError(failure.message, facts);
    case 'agent':
      return new InvalidInputError(failure.message, facts);
    case 'environment':
      return new DeployError(failure.message, facts);
  }
}
