import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanText, redactText, redactValue } from '../../mcp-server/core/redact.ts';

describe('redaction', () => {
  it.each([
    ['hf_abcdefghijklmnopqrstuvwxyz', 'Hugging Face'],
    ['sk-proj-abcdefghijklmnopqrstuv', 'OpenAI style'],
    ['ghp_abcdefghijklmnopqrstuvwxyz', 'GitHub'],
    ['AKIAABCDEFGHIJKLMNOP', 'AWS'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefgh', 'a JSON web token'],
  ])('hides %s by its shape (%s)', (secret) => {
    expect(redactText(`before ${secret} after`, [])).toBe('before [redacted] after');
  });

  it('hides bearer tokens, passwords in addresses and assignments to secret names', () => {
    expect(redactText('Authorization: Bearer abc.def-ghi_jkl', [])).toBe(
      'Authorization: Bearer [redacted]',
    );
    expect(redactText('http://me:pass1234@host/x', [])).toBe('http://me:[redacted]@host/x');
    expect(redactText('GRAPHSIGNAL_API_KEY=0123456789abcdef', [])).toBe(
      'GRAPHSIGNAL_API_KEY=[redacted]',
    );
  });

  it('leaves ordinary text, flags and counters alone', () => {
    const text =
      '--max-total-tokens 8192 prompt_tokens=1234567890123 env HF_TOKEN=${HF_TOKEN} commit 0123456789abcdef';
    expect(redactText(text, [])).toBe(text);
  });

  it('hides a known value wherever it stands, also inside objects', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 8, maxLength: 40 }),
        fc.string(),
        fc.string(),
        (secret, a, b) => {
          const hidden = redactValue({ list: [`${a}${secret}${b}`] }, [secret]);
          const inside = JSON.stringify(hidden).slice('{"list":["'.length);
          if (!'[redacted]'.includes(secret))
            expect(inside).not.toContain(JSON.stringify(secret).slice(1, -1));
        },
      ),
      { examples: [['correct-horse', 'x', 'y']] },
    );
  });
});

describe('cleaning text from outside', () => {
  it('strips terminal sequences, control and bidirectional characters, and caps', () => {
    expect(cleanText('\u001B[31mred\u001B[0m\u0007 \u202Eevil\u0000\r\nnext\tcell', 100)).toBe(
      'red evil\nnext\tcell',
    );
    expect(cleanText('abcdef', 4)).toBe('abc…');
  });

  it('never lets a control character through and never exceeds the cap, whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 50 }), (text, cap) => {
        const clean = cleanText(text, cap);
        expect(clean.length).toBeLessThanOrEqual(cap);
        expect(/(?![\t\n])\p{Cc}/u.test(clean)).toBe(false);
      }),
    );
  });
});
