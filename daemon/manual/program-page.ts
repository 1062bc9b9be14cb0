import type { Manual, Term } from '../../shared/format/manual.ts'

/** proxyd(8), with the flags as its help has them. */
export function programPage(flags: readonly Term[]): Manual {
  return {
    name: 'proxyd',
    section: 8,
    summary: 'SOCKS and HTTP proxy server that can be seen into and run live',
    synopsis: ['proxyd [options]'],
    sections: [
      {
        title: 'DESCRIPTION',
        body: [
          'proxyd serves SOCKS5 (RFC 1928, RFC 1929), SOCKS4 and HTTP proxying (RFC 9110) on port 1080 and management on port ' +
            '8080, both on loopback only unless told otherwise. Without users anyone on this machine may use the proxy; with the first one, everyone must log ' +
            'in. It stays in the foreground. When it serves, it says so on standard output: a line for each socket, then ' +
            'ready. The log goes to standard error.',
          'proxy-tui(1) shows what goes on, adds users, cuts connections and changes settings while proxyd runs.',
        ],
      },
      {
        title: 'FORWARDS',
        body: [
          'With --forward, proxyd also is a plain TCP forwarder: whoever connects to such a port is connected to its one ' +
            'destination, with the same timeouts, limits, counters and place among the connections. Nobody is asked for a ' +
            'password there, whatever --auth says, so it listens on 127.0.0.1 unless the flag names another address. A ' +
            'client whose destination cannot be reached is reset.',
        ],
      },
      { title: 'OPTIONS', body: flags },
      {
        title: 'SETTINGS',
        body: [
          'Each long flag is a key of the TOML file given with --config, too. The weakest first, a setting comes from its ' +
            "default, the file, what was set with proxy-tui --exec 'set NAME VALUE', and the flag. proxyd.toml(5) tells what each " +
            'takes, and which act at once.',
          '--sample-config prints such a file, with all settings as they are by default. --check looks at flags, file, certificates, ' +
            'store and lists of rules as a start would, says on standard error all that is wrong, and changes nothing, beside a ' +
            'proxyd that runs neither; it tries no ports, and does not look into a store that is in use.',
        ],
      },
      {
        title: 'THE STORE',
        body: [
          "proxy-tui --exec 'backup FILE' copies the store while proxyd runs. To go back to a copy, stop proxyd and put it in the " +
            'place of STATE-DIR/proxyd.db, with no proxyd.db-wal beside it. --check-store reads all of a copy, as a start would, ' +
            'and changes nothing; of a proxyd that runs, check a backup.',
          'A damaged store is refused at the start, and never begun anew. --recover-store makes a new one of all that can be read, ' +
            'says what is lost, and keeps the damaged one as proxyd.db-damaged-TIME. A single password, limit, setting or ban that ' +
            'is damaged lets nobody in, and the start goes on: the log and health name it, with the mend.',
        ],
      },
      {
        title: 'SIGNALS',
        body: [
          [
            'SIGTERM, SIGINT',
            'Refuse new clients, give live connections their time (--timeout-drain), end. A second ends at once.',
          ],
          [
            'SIGUSR2',
            'Have the program as it is on the disk now take over, with the same arguments and without losing a connection, as upgrade of proxy-tui does. What comes of it the log tells.',
          ],
          [
            'SIGHUP',
            'Read the config file, the files for TLS and the lists of rules again, and open the access log again, as reload of proxy-tui does. The log tells what has changed, and what of it only counts from the next start on; what has a mistake stays as it was.',
          ],
        ],
      },
      {
        title: 'SYSTEMD',
        body: [
          'Started by a unit of Type=notify, proxyd tells when it serves, reads its files again and ends (sd_notify(3)), and gives signs of ' +
            'life while all its threads answer. It takes listening sockets that are called socks, control, control-tls, metrics or ' +
            'forward-N (systemd.socket(5)) and have an address of the settings, and has its own kept for the next process.',
        ],
      },
      {
        title: 'FILES',
        body: [
          [
            'STATE-DIR/proxyd.db',
            'Users, operators and stored settings. For root /var/lib/proxyd, else $XDG_STATE_HOME/proxyd.',
          ],
          [
            'RUNTIME-DIR/cookie',
            'What a manager on this machine proves to know, new at each start. For root /run/proxyd, else $XDG_RUNTIME_DIR/proxyd.',
          ],
          ['RUNTIME-DIR/proxyd.sock', 'Management for whoever the mode of this Unix socket lets in.'],
        ],
      },
      {
        title: 'EXIT STATUS',
        body: [
          ['0', 'after a stop, or what was checked is sound'],
          [
            '1',
            'the machine refuses something, such as a port, the store is damaged, what was checked is not sound, or the successor of an upgrade has crashed',
          ],
          ['2', 'a mistake in flags or config file'],
        ],
      },
      { title: 'SEE ALSO', body: ['proxyd.toml(5), proxyd-rules(5), proxy-tui(1), RFC 1928, RFC 1929'] },
    ],
  }
}
