import { z } from 'zod';
import { exportReport } from '../app/export-report.ts';
import { defineTool } from '../define-tool.ts';

export const exportReportTool = defineTool({
  name: 'export_report',
  title: 'Export the report',
  description:
    'Writes the report of the session as Markdown and as one self-contained HTML file: best and how sure it is, every trial with verdict and interval, money, what was refused. Refuses with E_SECRET when something with the shape of a credential would leave.',
  input: z.strictObject({}),
  output: z.object({ files: z.array(z.string()), simulated: z.boolean() }),
  hints: { readOnly: false, destructive: false, idempotent: true, openWorld: false },
  handler: async (app, args, call) => {
    const { files, ...answer } = await exportReport(app, args, call);
    return { ...answer, files: [...files] };
  },
});
