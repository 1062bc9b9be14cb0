/**
 * What a rule is made of, in the order in which rules are written, each as people write it and what it says. Only the first
 * must be there. Help, completion and proxyd-rules(5) derive from it.
 */
export const ruleClauses = [
  ['allow | deny', 'what becomes of the requests that a rule is about; the first such rule counts'],
  ['user:NAME | group:NAME', 'whose; everybody unless told'],
  ['from NET,…', "the client's addresses"],
  [
    'to DEST,…',
    'example.com, *.example.com (below it), .example.com (both), an address, a network, special, any, @FILE',
  ],
  ['port N,N-N,…', "the destination's"],
  ['cmd CMD,…', 'connect, bind, udp-associate'],
  ['resolving NET,…', 'what the name leads to'],
  ['until TIME', 'such as 2027-01-31 or 2027-01-31T12:00, of UTC if it names no zone'],
  ['via ADDR,…', 'of a rule that allows: the addresses or interfaces of this machine that targets see'],
  ['# NOTE', 'for people'],
] as const
