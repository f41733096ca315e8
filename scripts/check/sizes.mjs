// Sizes of the house (AGENTS.md, "Sizes"): lint guards the maxima, this guards the tail and the median.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LIMITS = { fileMedian: 120, fileP90: 220, fileMax: 250, functionMedian: 12, functionP90: 36 };

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];

function functionLengths(ts, source, lengths) {
  const visit = (node) => {
    const isFunction =
      ts.isFunctionDeclaration(node) ||
      ts.isMethodDeclaration(node) ||
      ts.isArrowFunction(node) ||
      ts.isFunctionExpression(node);
    if (isFunction && node.body && ts.isBlock(node.body)) {
      const from = source.getLineAndCharacterOfPosition(node.body.getStart(source)).line;
      const to = source.getLineAndCharacterOfPosition(node.body.getEnd()).line;
      lengths.push(to - from + 1);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
}

/** Null when the tail of file and function sizes is within the limits. */
export function checkSizes(root, require) {
  const ts = require('typescript');
  const files = [];
  const functions = [];
  for (const name of readdirSync(join(root, 'mcp-server'), { recursive: true })) {
    const path = String(name);
    if (!path.endsWith('.ts') || path.endsWith('.generated.ts')) continue;
    const text = readFileSync(join(root, 'mcp-server', path), 'utf8');
    files.push(text.trimEnd().split('\n').length);
    functionLengths(ts, ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true), functions);
  }
  files.sort((a, b) => a - b);
  functions.sort((a, b) => a - b);
  const seen = {
    fileMedian: quantile(files, 0.5),
    fileP90: quantile(files, 0.9),
    fileMax: files[files.length - 1],
    functionMedian: quantile(functions, 0.5),
    functionP90: quantile(functions, 0.9),
  };
  const over = Object.entries(LIMITS).filter(([key, limit]) => seen[key] > limit);
  if (files.length < 20) return `only ${files.length} files were measured`;
  return over.length === 0
    ? null
    : over.map(([key, limit]) => `${key} is ${seen[key]}, limit ${limit}`).join('\n');
}
