import { describe, expect, it } from 'vitest';
import { normaliseBaseUrl } from '../../../mcp-server/core/workload/base-url.ts';

describe('the base URL of a service', () => {
  it.each([
    ['http://localhost:8000', 'http://localhost:8000'],
    ['http://localhost:8000/', 'http://localhost:8000'],
    ['http://localhost:8000/v1', 'http://localhost:8000'],
    ['https://host/v1/', 'https://host'],
    ['https://host/proxy/services/main/run/v1', 'https://host/proxy/services/main/run'],
  ])('may be written as %s', (text, root) => {
    expect(normaliseBaseUrl(text)).toBe(root);
  });

  it.each(['localhost:8000', 'ftp://host', '', 'http://user:pass@host', 'http://host?key=1'])(
    'may not be %s',
    (text) => {
      expect(() => normaliseBaseUrl(text)).toThrow(expect.objectContaining({ code: 'E_BASE_URL' }));
    },
  );
});
