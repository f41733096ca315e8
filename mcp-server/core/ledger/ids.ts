import { z } from 'zod';

export const SessionId = z
  .string()
  .regex(/^s\d{6}-[a-z0-9]{6}$/, 'expected a session id such as s260322-k3f9qa');
export const TrialId = z.string().regex(/^t\d{4}$/, 'expected a trial id such as t0007');
export const DeploymentId = z
  .string()
  .regex(/^d\d{4}-\d{1,3}$/, 'expected a deployment id such as d0007-2');
export const MeasurementId = z
  .string()
  .regex(/^m\d{4}-\d{2,3}$/, 'expected a measurement id such as m0007-03');
export const BlockId = z.string().regex(/^b\d{4}-\d{2,3}$/, 'expected a block id such as b0007-01');
export const EvidenceId = z.string().regex(/^e\d{6}$/, 'expected an evidence id such as e000123');
export const JobId = z.string().regex(/^j\d{4}$/, 'expected a job id such as j0042');
export const DiagnosisId = z.string().regex(/^x\d{4}$/, 'expected a diagnosis id such as x0003');

const pad = (value: number, width: number): string => String(value).padStart(width, '0');

/** `t0007` for 7. */
export const trialId = (number: number): string => `t${pad(number, 4)}`;
/** `d0007-2`: the second deployment of trial 7. */
export const deploymentId = (trial: string, ordinal: number): string =>
  `d${trial.slice(1)}-${ordinal}`;
/** `m0007-03`: the third measurement of trial 7. */
export const measurementId = (trial: string, ordinal: number): string =>
  `m${trial.slice(1)}-${pad(ordinal, 2)}`;
/** `b0007-01`: the first block in which trial 7 took turns with the incumbent. */
export const blockId = (trial: string, ordinal: number): string =>
  `b${trial.slice(1)}-${pad(ordinal, 2)}`;
export const evidenceId = (ordinal: number): string => `e${pad(ordinal, 6)}`;
export const jobId = (ordinal: number): string => `j${pad(ordinal, 4)}`;
export const diagnosisId = (ordinal: number): string => `x${pad(ordinal, 4)}`;
/** Run name on dstack, at most 41 characters: `ad-<session>-t0007-2`. */
export const runName = (session: string, deployment: string): string =>
  `ad-${session}-t${deployment.slice(1)}`;
