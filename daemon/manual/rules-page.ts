import type { Manual } from '../../shared/format/manual.ts'
import { ruleClauses } from '../../shared/rule-clauses.ts'

/** proxyd-rules(5): the language that says where clients may go. */
export function rulesPage(): Manual {
  return {
    name: 'proxyd-rules',
    section: 5,
    summary: 'where clients of proxyd may go',
    synopsis: [],
    sections: [
      {
        title: 'DESCRIPTION',
        body: [
          "Rules are text, one a line. proxyd(8) keeps them with all else that it keeps; proxy-tui --exec 'rules apply FILE' puts the " +
            "text of a file in the place of all of them, 'rules add RULE' adds one, 'rules edit' opens them in $EDITOR. They act at " +
            'once, on live connections too.',
          'The first rule that is about a request decides, and what none is about is served. A name and the address that it leads ' +
            'to are judged apart, and both must be allowed: a rule on a name is about the name that was asked for.',
          'Two rules are built in. Nobody is led to the sockets of proxyd itself, and no rule changes that. Behind all others, ' +
            'clients of other machines are kept from special addresses: private, of this machine, or otherwise nobody on the internet ' +
            '(RFC 6890). A rule that allows such an address opens it.',
        ],
      },
      {
        title: 'RULES',
        body: [
          'A rule begins with allow or deny; the rest may be left out, and whose it is comes first.',
          ...ruleClauses,
        ],
      },
      {
        title: 'DESTINATIONS',
        body: [
          [
            'example.com',
            'The name itself. Upper case and a dot behind it make no difference, and an international one is read as such.',
          ],
          ['*.example.com', 'Every name below it.'],
          ['.example.com', 'The name itself, and every one below it.'],
          ['10.0.0.0/8, 2001:db8::/32, 192.0.2.7', 'A network, or an address.'],
          ['special', 'Every address that is nobody on the internet.'],
          ['any', 'Every name and address.'],
          [
            '@FILE',
            'Those of a list: a file with one of the above a line, where # begins a comment. It is read again on SIGHUP, must be written ' +
              'by nobody but root and the user of proxyd, and has 16 MiB at most. A path that does not begin with / is one in the state folder.',
          ],
        ],
      },
      {
        title: 'TESTS',
        body: [
          'A line that begins with test says what the rules are to say of a request. Whoever applies a text of which a test fails ' +
            'changes nothing, and is told which one.',
          {
            lines: [
              'test [user:NAME | group:NAME] [from ADDR,...] [cmd CMD,...]',
              '     [resolving ADDR,...] HOST:PORT = allow | deny',
            ],
          },
          'The request comes from 127.0.0.1 and is connect unless told, and of several each is tried; a name leads nowhere but to what ' +
            'resolving says.',
        ],
      },
      {
        title: 'EXAMPLES',
        body: [
          'Advertisers are kept from everybody, the pages of a list from one group; bob alone reaches the network of the machines:',
          {
            lines: [
              'deny to .doubleclick.net,*.ads.example  # advertisers',
              'deny group:kids to @/etc/proxyd/adult',
              'allow user:bob to 10.0.0.0/8 port 22,443',
              'deny to special',
              'test user:bob 10.1.2.3:22 = allow',
              'test user:bob 10.1.2.3:25 = deny',
            ],
          },
          'Nothing but the web, and that from one address of this machine:',
          {
            lines: ['allow port 80,443 cmd connect via 192.0.2.9', 'deny', 'test example.com:25 = deny'],
          },
          'A guest of the day:',
          {
            lines: ['allow user:"a guest" from 192.0.2.0/24 to *.example.com until 2027-01-31', 'deny user:"a guest"'],
          },
        ],
      },
      { title: 'SEE ALSO', body: ['proxyd(8), proxyd.toml(5), proxy-tui(1)'] },
    ],
  }
}
