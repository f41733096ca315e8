import type { Tool } from '../define-tool.ts';
import { benchmarkTool } from './benchmark.ts';
import { cancelJobTool } from './cancel-job.ts';
import { checkQualityTool } from './check-quality.ts';
import { checkSetupTool } from './check-setup.ts';
import { computeMetricsTool } from './compute-metrics.ts';
import { confirmBestTool } from './confirm-best.ts';
import { deployTool } from './deploy.ts';
import { diagnoseTool } from './diagnose.ts';
import { exportReportTool } from './export-report.ts';
import { fetchLogsTool } from './fetch-logs.ts';
import { fetchTelemetryTool } from './fetch-telemetry.ts';
import { getStatusTool } from './get-status.ts';
import { judgeTrialTool } from './judge-trial.ts';
import { openSessionTool } from './open-session.ts';
import { planTrialTool } from './plan-trial.ts';
import { promoteTool } from './promote.ts';
import { stopDeploymentsTool } from './stop-deployments.ts';
import { suggestTrialsTool } from './suggest-trials.ts';
import { waitJobTool } from './wait-job.ts';
import { writeSessionTool } from './write-session.ts';

/** Every tool, in the order in which tools/list shows them. One line a tool. */
export const TOOLS: readonly Tool[] = [
  checkSetupTool,
  openSessionTool,
  getStatusTool,
  planTrialTool,
  deployTool,
  benchmarkTool,
  waitJobTool,
  cancelJobTool,
  fetchLogsTool,
  fetchTelemetryTool,
  computeMetricsTool,
  diagnoseTool,
  suggestTrialsTool,
  checkQualityTool,
  judgeTrialTool,
  writeSessionTool,
  confirmBestTool,
  promoteTool,
  exportReportTool,
  stopDeploymentsTool,
];
