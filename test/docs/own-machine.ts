import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { onTestFinished } from 'vitest'
import { makeCertificate } from '../helpers/certificate.ts'
import { longestWait } from '../helpers/patience.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

/** Whether this process may give others a network, folders and processes of their own, as root alone may (namespaces(7)). */
export const canHaveMachine =
  spawnSync('unshare', ['--net', '--mount', '--pid', '--fork', 'true']).status === 0 &&
  // It has none of what is in these folders here.
  ![import.meta.filename, process.execPath, tmpdir()].some((path) => /^\/(?:etc|run|var)\//.test(path))

/** What is in place of programs that want something that a test does not have, as scripts for bash; each sees to it that it is called well. */
const standIns: Readonly<Record<string, string>> = {
  // The network: what is fetched lies here already.
  git: '[ "$1" = clone ] && ln -sfn "$PROJECT" "$3"',
  // A terminal: that the app would get in is asked with the same flags.
  'proxy-tui': `case " $* " in
  *' --exec '* | *' --manual '* | *' --version '*) exec "$INSTALLED/bin/proxy-tui" "$@" ;;
  *) exec "$INSTALLED/bin/proxy-tui" "$@" --exec whoami ;;
esac`,
  // An end, of `make run`; `make install` has made what is tried here, and once is enough.
  make: '[[ "$*" =~ (run|install)$ ]]',
  // A screen, and seconds of CPU: test/e2e/chromium.test.ts runs it.
  chromium: '[[ "$1" = --proxy-server=@(socks5|http)://* ]]',
  // systemd: test/service/unit.test.ts is about its unit.
  'systemd-sysusers':
    "echo 'proxyd:x:999:999::/var/lib/proxyd:/bin/false' >>/etc/passwd && echo 'proxyd:x:999:' >>/etc/group",
  // Debian's package of PostgreSQL makes and starts a server, and belongs to another user.
  apt: `set -e; [ "$*" = 'install postgresql' ]
data=/var/lib/postgresql/data bin=$(echo /usr/lib/postgresql/*/bin)
ln -s /run /var/run && install -d -o postgres /var/lib/postgresql /run/postgresql
su postgres -c "$bin/initdb -D $data --auth-local=peer --auth-host=scram-sha-256 && $bin/pg_ctl -D $data -l $data.log -w start" >/dev/null`,
  su: `[ "$1 $2" = 'postgres -c' ] && cd / && exec setpriv --reuid=postgres --regid=postgres --clear-groups bash -c "$3"`,
  systemctl: '[[ "$*" =~ ^(daemon-reload|(start|stop|restart|reload|enable|enable --now) proxyd(\\.socket)?)$ ]]',
}

/** Programs that only look at what a page has them read, and that a machine need not have: without one, that is not tried. */
const optional = ['fail2ban-client', 'fail2ban-regex', 'nft', 'promtool']

/** In place of one: as fail2ban-regex does, it says what a page looks for. */
const absent = "echo '1 matched'"

/** What is behind example.com, and what this machine is for others. */
const target = '93.184.215.14'
const own = '192.0.2.1'

/**
 * What is root's on a machine: its folders for settings, state and logs are empty, and its network leads to nothing but itself
 * and a web server, https://example.com/. Then it has a shell, as a person has it: a line is carried out when the one before is done.
 */
export class OwnMachine {
  readonly #shell: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #ended: Promise<unknown>
  #serving = 0
  #stdout = ''
  #stderr = ''

  private constructor(shell: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.#shell = shell
    shell.stdout.setEncoding('utf8').on('data', (text) => (this.#stdout += text))
    shell.stderr.setEncoding('utf8').on('data', (text) => (this.#stderr += text))
    // Of a shell that has ended, the next command tells.
    shell.stdin.on('error', () => {})
    this.#ended = once(shell, 'close')
  }

  /** With both programs as `make install` has put them below `installed`; it is gone when the test ends. */
  static async start({ project, installed }: { readonly project: string; readonly installed: string }) {
    const folder = await temporaryFolder()
    const programs = join(folder, 'bin')
    await mkdir(programs)
    const missing = optional.filter((name) => spawnSync('which', [name]).status !== 0)
    for (const name of missing) console.warn(`SKIPPED: what docs/ says to ${name}, which this machine lacks`)
    const scripts = { ...standIns, ...Object.fromEntries(missing.map((name) => [name, absent])) }
    for (const [name, script] of Object.entries(scripts)) {
      await writeFile(join(programs, name), `#!/bin/bash\n${script}\n`)
      await chmod(join(programs, name), 0o755)
    }
    const { cert, key } = makeCertificate('example.com')
    await writeFile(join(folder, 'cert.pem'), cert)
    const server = `require('node:https').createServer(${JSON.stringify({ cert, key })}, (_, response) => response.end('hello\\n'))
      .listen(443, '${target}', () => console.log('ready'))`
    await writeFile(join(folder, 'server.cjs'), server)

    const isolated = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
    const shell = spawn('unshare', [...isolated, 'bash'], {
      cwd: folder,
      env: {
        PATH: [programs, join(installed, 'bin'), process.env.PATH].join(':'),
        HOME: folder,
        TZ: 'UTC',
        PROJECT: project,
        INSTALLED: installed,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        CURL_CA_BUNDLE: join(folder, 'cert.pem'),
      },
      stdio: 'pipe',
    })
    const machine = new OwnMachine(shell)
    onTestFinished(async () => {
      shell.kill('SIGKILL')
      await machine.#ended
    })
    await machine.run(prepared(folder))
    await machine.run(`"${process.execPath}" server.cjs & disown`)
    await machine.servesOneMore()
    return machine
  }

  /** Carry out a command; resolves to what it has written to stdout. Rejects if its status is not 0. */
  async run(command: string): Promise<string> {
    const before = this.#stdout.length
    const stderr = this.#stderr.length
    this.#shell.stdin.write(`{ ${command}\n} </dev/null\nprintf '\\n@done %d\\n' $?\n`)
    await this.#shows(() => /^@done \d+$/m.test(this.#stdout.slice(before)))
    const [, status] = /^@done (\d+)$/m.exec(this.#stdout.slice(before)) ?? []
    const text = this.#stdout.slice(before).replace(/^\n?@done \d+\n/m, '')
    if (status !== '0') throw new Error(`status ${status}: ${text}${this.#stderr.slice(stderr)}`)
    return text
  }

  /** Resolves once a server more than before has said that it is ready. */
  async servesOneMore(): Promise<void> {
    this.#serving++
    await this.#shows(() => [...this.#stdout.matchAll(/^ready$/gm)].length >= this.#serving)
  }

  async #shows(isThere: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = () => isThere() && resolve()
    this.#shell.stdout.on('data', look)
    look()
    const fail = (what: string) => reject(new Error(`${what}: ${this.#stdout}${this.#stderr}`))
    void this.#ended.then(() => fail('the shell has ended'))
    const timer = setTimeout(() => fail('it takes too long'), longestWait)
    return promise.finally(() => {
      clearTimeout(timer)
      this.#shell.stdout.off('data', look)
    })
  }
}

/** Of the settings of this machine, only those that programs of it may want. */
function prepared(folder: string): string {
  const kept = '/etc/{passwd,group,nsswitch.conf,ld.so.cache,ssl,alternatives,services,protocols,fail2ban,haproxy}'
  const names = `127.0.0.1 localhost\\n::1 localhost\\n${target} example.com\\n${own} proxy.example\\n`
  return [
    'set -o pipefail && ln -s "$PROJECT" proxyd',
    `mkdir ${folder}/etc && cp -rL ${kept} ${folder}/etc 2>/dev/null`,
    // What a distribution has fail2ban watch is not here.
    `rm -f ${folder}/etc/fail2ban/jail.d/*`,
    `printf 'carl:$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8:::\n' >${folder}/etc/shadow`,
    `printf '${names}' >${folder}/etc/hosts`,
    'mount --make-rprivate / && mount -t tmpfs none /var && mount -t tmpfs none /run && mkdir -p /var/lib /var/log /run/lock',
    `mount --bind ${folder}/etc /etc && mkdir -p /etc/proxyd`,
    `ip link set lo up && ip addr add ${target}/32 dev lo && ip addr add ${own}/32 dev lo`,
  ].join('\n')
}
