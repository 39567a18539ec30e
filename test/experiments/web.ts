// SPDX-License-Identifier: Apache-2.0
import type { DeployRequest, End } from '@l45/contracts';
import { type Fleet, HOSTS } from '../fleet/index.js';
import { waitFor } from '../wait.js';

const [SERVER = ''] = HOSTS['dns-server'][0].split('/');
const PORTS = { http: 80, https: 443 } as const;
export type Scheme = keyof typeof PORTS;

const CONFIGURATION = `
daemon off; worker_processes 2; user root; pid /run/nginx.pid; error_log /dev/stderr;
events {}
http {
  access_log off; sendfile on;
  server {
    root /srv; listen ${PORTS.http}; listen ${PORTS.https} ssl;
    ssl_certificate /run/web.crt; ssl_certificate_key /run/web.key;
  }
}`;

export interface Download {
  seconds: number;
  sha256: string;
}

/** An unmodified nginx on one host, with a file of random bytes, and an unmodified curl on the other. */
export class Web {
  private constructor(
    private readonly fleet: Fleet,
    readonly sha256: string,
  ) {}

  static async serve(fleet: Fleet, bytes: number): Promise<Web> {
    const host = fleet.hosts['dns-server'];
    await host.writeFile('/run/nginx.conf', CONFIGURATION);
    const sha256 = await host.sh(
      `openssl req -x509 -newkey rsa:2048 -nodes -keyout /run/web.key -out /run/web.crt -days 2 -subj /CN=web 2>/dev/null
      mkdir -p /srv; head -c ${bytes} /dev/urandom >/srv/file
      sha256sum </srv/file`,
      // Every byte takes its time where the processor is emulated.
      { timeoutMs: 600_000 },
    );
    if (!(await host.sh('ss -Hlnt sport = :80')))
      await host.spawn('nginx', ['-c', '/run/nginx.conf']);
    await waitFor('nginx to listen', () => host.sh('ss -Hlnt sport = :443'));
    return new Web(fleet, hash(sha256));
  }

  /** Fetches the file once. */
  async download(scheme: Scheme): Promise<Download> {
    const output = await this.fleet.hosts.client.sh(
      `curl -sSk --fail -o /tmp/file -w '%{time_total}\\n' ${scheme}://${SERVER}/file; sha256sum </tmp/file`,
      { timeoutMs: 3_600_000 },
    );
    const [seconds = '', sum = ''] = output.split('\n');
    return { seconds: Number(seconds), sha256: hash(sum) };
  }

  /**
   * Fetches the file, at so many bytes per second until `hurry()` is called.
   * Answers with its SHA-256.
   */
  downloadSlowly(
    scheme: Scheme,
    rate: number,
  ): { sha256: Promise<string>; hurry: () => Promise<string> } {
    const { client } = this.fleet.hosts;
    const sha256 = client.sh(
      `rm -f /run/hurry /run/complete
      { curl -sSk --fail ${scheme}://${SERVER}/file && touch /run/complete; } |
        { while [ ! -e /run/hurry ]; do head -c ${rate / 10}; sleep 0.1; done; cat; } |
        sha256sum
      [ -e /run/complete ]`,
      { timeoutMs: 3_600_000 },
    );
    const hashed = sha256.then(hash);
    // It is awaited at the end: what fails before that must not be drowned by its end.
    hashed.catch(() => undefined);
    return { sha256: hashed, hurry: () => client.sh('touch /run/hurry') };
  }

  /** Bytes that the server's network interface has sent so far. */
  async sent(): Promise<number> {
    return Number(
      await this.fleet.hosts['dns-server'].sh('cat /sys/class/net/eth0/statistics/tx_bytes'),
    );
  }
}

const hash = (line: string): string => line.split(' ')[0] ?? '';

/** A customization of what curl and nginx say to each other. */
export function betweenCurlAndNginx(
  name: string,
  customization: string,
  scheme: Scheme,
): DeployRequest & { ends: { client: End; server: End } } {
  const ports = [String(PORTS[scheme])];
  return {
    name,
    customization,
    ends: {
      client: { hosts: ['client'], match: { applications: ['curl'], remote: { ports } } },
      server: { hosts: ['dns-server'], match: { applications: ['nginx'], local: { ports } } },
    },
  };
}
