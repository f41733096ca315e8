import { z } from 'zod';
import { Contract } from '../../mcp-server/core/contract/contract.ts';

/** JSON Schema of contract.yml, for editors and for people: docs/contract.schema.json. */
export async function generateContractSchema(): Promise<{ path: string; text: string }[]> {
  const schema = {
    title: 'autodebug contract',
    description:
      'The frozen terms of a session. Fields with a default may be left out; open_session says which it filled.',
    ...z.toJSONSchema(Contract, { io: 'input' }),
  };
  return [{ path: 'docs/contract.schema.json', text: `${JSON.stringify(schema, null, 2)}\n` }];
}
