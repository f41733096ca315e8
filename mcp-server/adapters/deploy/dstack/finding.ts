import type { SetupFinding } from '../../../ports/deploy.ts';

export const ok = (check: string, message: string): SetupFinding => ({
  check,
  level: 'ok',
  message,
  fix: null,
});

export const warn = (check: string, message: string, fix: string): SetupFinding => ({
  check,
  level: 'warn',
  message,
  fix,
});

export const fail = (check: string, message: string, fix: string): SetupFinding => ({
  check,
  level: 'fail',
  message,
  fix,
});
