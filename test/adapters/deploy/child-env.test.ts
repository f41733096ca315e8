import { expect, test } from 'vitest';
import { childEnvironment, missingNames } from '../../../mcp-server/adapters/deploy/child-env.ts';

const OURS = {
  PATH: '/bin',
  HOME: '/root',
  CUDA_VISIBLE_DEVICES: '0',
  HF_TOKEN: 'hf-secret',
  DSTACK_TOKEN: 'ours-alone',
};

test('a deployment gets the machine, what it declares and its tags, and nothing else of ours', () => {
  const declared = { HF_TOKEN: null, MODE: 'fast', PATH: '/opt/bin' };
  expect(childEnvironment(declared, OURS, { 'autodebug-session': 's1' })).toEqual({
    PATH: '/opt/bin',
    HOME: '/root',
    CUDA_VISIBLE_DEVICES: '0',
    HF_TOKEN: 'hf-secret',
    MODE: 'fast',
    GRAPHSIGNAL_TAG_AUTODEBUG_SESSION: 's1',
  });
});

test('names that are not set are told, all of them, without a value', () => {
  const declared = { A_TOKEN: null, B_TOKEN: null, MODE: 'fast' };
  expect(missingNames(declared, OURS)).toEqual(['A_TOKEN', 'B_TOKEN']);
  expect(() => childEnvironment(declared, OURS, {})).toThrow(/A_TOKEN, B_TOKEN/);
});

test('a name that is set to nothing is set', () => {
  expect(childEnvironment({ EMPTY: null }, { ...OURS, EMPTY: '' }, {})).toMatchObject({
    EMPTY: '',
  });
});
