/**
 * Reads one line of JSON from standard input, and runs the program in it. It has no quote, backslash or exclamation mark that a login shell
 * would change, and is written for the oldest versions of Node, so that a host with one says so.
 */
const loader = [
  'var v=process.versions.node.split("."),i=process.stdin,b="";',
  'i.setEncoding("utf8");',
  'i.on("data",function f(d){',
  'b+=d;var n=b.indexOf(String.fromCharCode(10));if(n<0)return;',
  'i.removeListener("data",f);i.pause();',
  'if(+v[0]<20||+v[0]===20&&+v[1]<19){console.log(JSON.stringify({type:"old",node:v.join(".")}));process.exit(0)}',
  'var s=JSON.parse(b.slice(0,n));s.rest=b.slice(n+1);',
  'new Function("require","setup",s.program)(require,s)})',
].join('');

/**
 * The command that starts a supervisor, for the user's login shell on the host. Everything else goes over standard input: a command line is
 * visible to every user of a host. The parent's name in it is for people who look at the process table.
 */
export function supervisorCommand(node: string, parent: string): string {
  // So that the supervisor's parent process is the connection's sshd.
  return `exec ${quoted(node)} -e ${quoted(loader)} nestjs-flame-supervisor ${parent}`;
}

/** One word for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
