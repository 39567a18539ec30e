// SPDX-License-Identifier: Apache-2.0
import { eventually, freePort } from '@l45/bus/testing';
import { execa } from 'execa';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const START_MS = 120_000;

/** An API server, and what keeps its data. Nothing runs pods. */
export interface ControlPlane {
  /** File, of an administrator. */
  kubeconfig: string;
  stop(): Promise<void>;
}

/**
 * Starts `kube-apiserver` and `etcd` of a folder, on the loopback; logs are kept in `folder`.
 *
 * @param assets Where the programs are, as for Kubernetes' own envtest.
 */
export async function startControlPlane(assets: string, folder: string): Promise<ControlPlane> {
  const [clients, peers, port] = await Promise.all([freePort(), freePort(), freePort()]);
  const run = (program: string, parameters: string[]): ChildProcess => {
    const log = openSync(join(folder, `${program}.log`), 'a');
    // setpriv: it goes when we do, however we end.
    return spawn('setpriv', ['--pdeathsig', 'KILL', join(assets, program), ...parameters], {
      stdio: ['ignore', log, log],
    });
  };
  const store = run('etcd', [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=http://127.0.0.1:${clients}`,
    `--advertise-client-urls=http://127.0.0.1:${clients}`,
    `--listen-peer-urls=http://127.0.0.1:${peers}`,
    '--unsafe-no-fsync',
  ]);
  const key = join(folder, 'accounts.key');
  await execa('openssl', ['genrsa', '-out', key, '2048']);
  const token = randomUUID();
  const tokens = join(folder, 'tokens.csv');
  await writeFile(tokens, `${token},admin,admin,system:masters\n`, { mode: 0o600 });
  const api = run('kube-apiserver', [
    `--etcd-servers=http://127.0.0.1:${clients}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${folder}`,
    `--token-auth-file=${tokens}`,
    '--authorization-mode=Node,RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    '--service-cluster-ip-range=10.96.0.0/16',
  ]);
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'test',
          cluster: {
            server: `https://127.0.0.1:${port}`,
            'certificate-authority': join(folder, 'apiserver.crt'),
          },
        },
      ],
      users: [{ name: 'admin', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
      'current-context': 'test',
    }),
    { mode: 0o600 },
  );
  const stop = async (): Promise<void> => {
    for (const child of [api, store]) {
      if (child.exitCode !== null) continue;
      child.kill();
      await once(child, 'exit');
    }
  };
  const ready = async (): Promise<void> => {
    if (api.exitCode !== null) throw new Error(`kube-apiserver ended; see ${folder}`);
    await execa('curl', [
      ...['--fail', '--silent', '--max-time', '5', '--cacert', join(folder, 'apiserver.crt')],
      ...['--header', `Authorization: Bearer ${token}`, `https://127.0.0.1:${port}/readyz`],
    ]);
  };
  await eventually(ready, START_MS).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { kubeconfig, stop };
}
