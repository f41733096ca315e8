import { InvalidInputError } from '../errors.ts';

/**
 * Root of a service from a URL with or without `/v1`, without a trailing slash.
 * Throws: InvalidInputError `E_BASE_URL` when it is not an http(s) URL, or carries credentials or a query.
 */
export function normaliseBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new InvalidInputError('The base URL is not an http or https URL.', {
      code: 'E_BASE_URL',
      fix: 'Write it as in http://localhost:8000 or https://host/prefix/v1.',
    });
  }
  if (url.username !== '' || url.password !== '' || url.search !== '') {
    throw new InvalidInputError('The base URL carries credentials or a query.', {
      code: 'E_BASE_URL',
      fix: 'Leave them out; name an environment variable that holds the key instead.',
    });
  }
  const path = url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '');
  return `${url.origin}${path.replace(/\/+$/, '')}`;
}
