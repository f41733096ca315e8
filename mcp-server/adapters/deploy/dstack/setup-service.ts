import { parse } from 'yaml';
import { isRecord } from '../../../core/parse.ts';
import { parseServiceFile, type ServiceFile } from '../../../core/service/service-file.ts';
import type { SetupFinding } from '../../../ports/deploy.ts';
import { type Environment, missingNames } from '../child-env.ts';
import { fail, ok, warn } from './finding.ts';

/** What the file alone tells. Throws: InvalidInputError when it is no service file. */
export function checkService(text: string, environment: Environment): readonly SetupFinding[] {
  const service = parseServiceFile(text);
  return [
    checkNames(service, environment),
    checkSecrets(service, text),
    checkImage(service),
    checkCache(text),
    ...checkUploads(text),
  ];
}

function checkNames(service: ServiceFile, environment: Environment): SetupFinding {
  const missing = missingNames(service.env, environment);
  if (missing.length === 0) return ok('service_env', 'Every name under env has a value here.');
  return fail(
    'service_env',
    `Not set in the environment that starts autodebug: ${missing.join(', ')}.`,
    `Set ${missing.join(', ')}, or keep the value in dstack: \`dstack secret set NAME VALUE\` and \`NAME=\${{ secrets.NAME }}\`.`,
  );
}

const SECRET_NAME = /(TOKEN|KEY|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$/i;
const REFERENCE = /^\s*(\$\{\{.*\}\}|\$\w+|\$\{\w+\})?\s*$/;
/** Shapes of credentials. Source: public formats of Hugging Face, OpenAI, AWS, GitHub. */
const SECRET_SHAPE =
  /\b(hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,})/;

function checkSecrets(service: ServiceFile, text: string): SetupFinding {
  const named = Object.entries(service.env)
    .filter(([name, value]) => SECRET_NAME.test(name) && value !== null && !REFERENCE.test(value))
    .map(([name]) => name);
  const isShaped = SECRET_SHAPE.test(text);
  if (named.length === 0 && !isShaped)
    return ok('service_secret', 'No secret stands in the service file.');
  const where = named.length > 0 ? `under ${named.join(', ')}` : 'in its text';
  return fail(
    'service_secret',
    `The service file holds a secret in clear ${where}; dstack shows it to everyone in the project.`,
    'Name the variable under env without a value, or use `${{ secrets.NAME }}`; then renew the secret.',
  );
}

function checkImage({ image }: ServiceFile): SetupFinding {
  if (image === null)
    return warn(
      'service_image',
      "The service names no image, so dstack's base image and its newest packages are used.",
      'Name an image with a version tag, e.g. lmsysorg/sglang:v0.5.9.',
    );
  const last = image.split('/').at(-1) ?? '';
  const tag = /:([^:@]+)(@|$)/.exec(last)?.[1] ?? null;
  if (image.includes('@sha256:')) return ok('service_image', 'The image is pinned by its digest.');
  if (tag !== null && !/^(latest|nightly|dev|main|stable)([-.]|$)/.test(tag))
    return ok('service_image', 'The image is pinned by a tag.');
  return warn(
    'service_image',
    'The image is not pinned, so two trials may run two engines.',
    'Give it a version tag or a digest.',
  );
}

function checkCache(text: string): SetupFinding {
  const value: unknown = parse(text);
  const volumes = isRecord(value) && Array.isArray(value['volumes']) ? value['volumes'] : [];
  const caches = volumes.some(
    (volume) =>
      (isRecord(volume) && ('instance_path' in volume || 'name' in volume)) ||
      (typeof volume === 'string' && volume.includes(':')),
  );
  if (caches) return ok('service_cache', 'A volume keeps model and kernel caches between trials.');
  return warn(
    'service_cache',
    'No cache volume: each trial downloads the model and compiles its kernels again.',
    'Add `volumes: [{instance_path: /root/.cache, path: /root/.cache, optional: true}]`.',
  );
}

/** Uploads are looked up beside the applied text, which lies in the deployment's folder. */
function checkUploads(text: string): readonly SetupFinding[] {
  const value: unknown = parse(text);
  const uploads = isRecord(value) ? [value['files'], value['repos']].flat() : [];
  const relative = uploads.filter(
    (upload) => upload !== undefined && upload !== null && !isAbsolute(upload),
  );
  if (relative.length === 0) return [];
  return [
    fail(
      'service_files',
      'files or repos name a path that is not absolute; a trial is applied from another folder.',
      'Write absolute paths or repository URLs, or put the files into the image.',
    ),
  ];
}

function isAbsolute(upload: unknown): boolean {
  if (typeof upload === 'string') return /^(\/|~\/|https?:|git@)/.test(upload);
  if (!isRecord(upload)) return false;
  const path = upload['local_path'] ?? upload['url'];
  return typeof path === 'string' && /^(\/|~\/|https?:|git@)/.test(path);
}
