import { redactText } from '../core/redact.ts';
import type { ServiceFile } from '../core/service/service-file.ts';
import type { SetupFinding } from '../ports/deploy.ts';

const SECRET_NAME = /(?:^|_)(?:TOKEN|KEY|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$/i;
/** A value that only points to a secret. Source: dstack docs, `${{ secrets.X }}` and `${{ env.X }}`. */
const REFERENCE = /^\$\{\{.*\}\}$|^\$[A-Za-z_{]/;

/** What is unwise in a service file for a loop that nobody watches. */
export function reviewService(service: ServiceFile): readonly SetupFinding[] {
  return [
    secretFinding(service),
    imageFinding(service),
    launchFinding(service),
    ...service.warnings.map(
      (message): SetupFinding => ({ check: 'service_file', level: 'warn', message, fix: null }),
    ),
  ];
}

/** Names of variables that hold a secret as a literal. The values are never repeated. */
function literalSecrets(service: ServiceFile): readonly string[] {
  return Object.entries(service.env)
    .filter(([name, value]) => value !== null && value !== '' && isSecret(name, value))
    .map(([name]) => name);
}

function isSecret(name: string, value: string): boolean {
  if (REFERENCE.test(value)) return false;
  return SECRET_NAME.test(name) || redactText(value, []) !== value;
}

function secretFinding(service: ServiceFile): SetupFinding {
  const names = literalSecrets(service);
  if (names.length === 0) {
    return {
      check: 'secrets',
      level: 'ok',
      message: 'The service file holds no literal secret.',
      fix: null,
    };
  }
  return {
    check: 'secrets',
    level: 'fail',
    message: `The service file holds a literal secret in ${names.join(', ')}; every planned configuration would copy it.`,
    fix: `Write the bare name (- ${names[0]}) and set it in the environment; change the secret if the file was shared.`,
  };
}

function imageFinding(service: ServiceFile): SetupFinding {
  const { image } = service;
  const isPinned =
    image !== null && /(?:@sha256:[0-9a-f]{64}|:(?!latest$)[\w][\w.-]*)$/.test(image);
  if (isPinned || image === null) {
    return {
      check: 'image',
      level: 'ok',
      message: image === null ? 'No image is named.' : 'The image is pinned to a tag or digest.',
      fix: null,
    };
  }
  return {
    check: 'image',
    level: 'warn',
    message: 'The image is not pinned: it may change between two trials.',
    fix: 'Name a version tag or a digest, not latest.',
  };
}

function launchFinding(service: ServiceFile): SetupFinding {
  if (service.launch !== null) {
    return {
      check: 'launch',
      level: 'ok',
      message: 'The last command is one simple launch command.',
      fix: null,
    };
  }
  return {
    check: 'launch',
    level: 'fail',
    message: `The launch command cannot be edited: ${service.launchProblem ?? 'unknown'}.`,
    fix: 'Make the engine the last of the commands, as one simple command.',
  };
}
