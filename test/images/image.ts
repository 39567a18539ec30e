// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { execa } from 'execa';

/** Whatever happens to who started it. */
const LIMIT_S = 120;

export interface ImageConfig {
  /** Absent: root. */
  User?: string;
  Entrypoint: string[];
  WorkingDir: string;
}

const buildah = async (...parameters: string[]): Promise<string> =>
  (await execa('buildah', parameters)).stdout;

/** An image that was built, with its files in a folder. */
export class Image {
  private constructor(
    private readonly container: string,
    readonly root: string,
    readonly config: ImageConfig,
  ) {}

  static async open(name: string): Promise<Image> {
    const { OCIv1 } = JSON.parse(await buildah('inspect', '--type', 'image', name));
    const container = await buildah('from', name);
    return new Image(container, await buildah('mount', container), OCIv1.config);
  }

  /** What it takes on a disk. */
  async bytes(): Promise<number> {
    const { stdout } = await execa('du', ['--summarize', '--bytes', this.root]);
    return Number(stdout.split('\t')[0]);
  }

  /** Paths of all files, from its root on. */
  async files(): Promise<string[]> {
    const { stdout } = await execa('find', ['.', '-not', '-type', 'd'], { cwd: this.root });
    return stdout.split('\n').map((path) => path.slice(1));
  }

  /**
   * Runs it as a pod does: as its user, who gains no privileges, on a root that is read-only; but
   * `volumes`, which are empty.
   */
  run(args: string[], env: NodeJS.ProcessEnv, volumes: string[] = []): ChildProcess {
    const { User = '0:0', Entrypoint, WorkingDir } = this.config;
    const mounts = volumes.map((path) => ` && mount -t tmpfs -o mode=1777 tmpfs .${path}`).join('');
    const confine = `mount --bind . . && cd "$PWD" && mount --options remount,bind,ro .${mounts}
      exec setpriv --no-new-privs unshare --root=. --wd="$0" --setuid=\${1%:*} --setgid=\${1#*:} "\${@:2}"`;
    const command = ['unshare', '--mount', 'bash', '-c', confine, WorkingDir, User];
    return spawn(
      'timeout',
      // In the foreground it passes a signal on once; a second one would end what is stopping.
      ['--foreground', '--signal=KILL', String(LIMIT_S), ...command, ...Entrypoint, ...args],
      {
        cwd: this.root,
        env: { PATH: process.env['PATH'], ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
  }

  async close(): Promise<void> {
    await buildah('rm', this.container);
  }
}
