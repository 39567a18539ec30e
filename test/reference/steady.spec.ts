// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Steady } from '../../scripts/reference/steady.js';

/** As a service answers, with all that chance and clocks give. */
function answer() {
  const id = randomUUID();
  const digest = createHash('sha256').update(id).digest('hex');
  return {
    id,
    deployment: id,
    other: randomUUID(),
    artifacts: [{ digest, signature: randomBytes(64).toString('base64') }],
    createdAt: new Date(Math.random() * 1e12).toISOString(),
    reason: `no instance ${id}`,
    name: 'tag-dns',
    priority: 100,
    pid: Math.floor(Math.random() * 1e4),
  };
}

describe('recorded answers', () => {
  it('are the same each time', () => {
    expect(new Steady().of(answer())).toEqual(new Steady().of(answer()));
  });

  it('keep what is no accident, and what belongs together', () => {
    const { id, deployment, other, reason, name, priority } = new Steady().of(answer());
    expect([name, priority]).toEqual(['tag-dns', 100]);
    expect(deployment).toBe(id);
    expect(other).not.toBe(id);
    expect(reason).toBe(`no instance ${id}`);
  });
});
