import { configExitCode } from '../../core/errors/config-exit-code.js';

/**
 * The command line with which a machine that has only Node becomes a runner: `node -e` and a script that needs nothing but Node's own
 * modules. It is the same for every boot and holds no secret.
 *
 * The script takes `FLAME_PARENT` from the environment. If that is `-`, it reads one line from standard input: the value itself, or an object
 * of environment variables as JSON. It fetches the loader from the parent, whose certificate has to be the one in `FLAME_PARENT`, and calls
 * it. The script contains no single quotes, dollar signs and line breaks, so that shells and Kubernetes leave it as it is.
 */
export function loaderCommand(node = 'node'): readonly string[] {
  return [node, '-e', script.replace('PARENT_NODE', process.versions.node)];
}

/** Old versions of Node have to be able to read it, so its language is that of 2015. */
const script = [
  'var E=process.env,V=process.versions.node,fs=require("fs");',
  'function die(m,c){fs.writeSync(2,"nestjs-flame: "+m+"\\n");process.exit(c)}',
  `var v=V.split(".");if(v[0]<20||v[0]==20&&v[1]<19)die("this machine has Node "+V+", and the app needs at least Node 20.19 (its parent runs Node PARENT_NODE)",${configExitCode});`,
  'if(E.FLAME_PARENT==="-"){for(var l="",b=Buffer.alloc(1);;){try{if(!fs.readSync(0,b,0,1)||b[0]===10)break}catch(e){if(e.code!=="EAGAIN")throw e;',
  'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)),0,0,9);continue}l+=b.toString("latin1")}l=Buffer.from(l,"latin1").toString();',
  'if(l[0]==="{")Object.assign(E,JSON.parse(l));else E.FLAME_PARENT=l.trim()}',
  `if(!E.FLAME_PARENT)die("FLAME_PARENT is not set: only a pool starts this command",${configExitCode});`,
  'var I=JSON.parse(Buffer.from(E.FLAME_PARENT,"base64")),C=I.certificate,T=Date.now(),',
  `X=C?new(require("crypto").X509Certificate)(C):die("FLAME_PARENT holds no certificate",${configExitCode});`,
  'function f(t,s){s=Buffer.from(s);return Buffer.concat([Buffer.from([t,s.length&127|128,s.length>>7]),s])}',
  'function go(){var o={ca:C,checkServerIdentity:function(h,p){return X.raw.equals(p.raw)?undefined:require("tls").checkServerIdentity(h,p)}};',
  'if(!X.ca)o.servername="nestjs-flame";var s=require("http2").connect("https://"+I.address,o),d=[],h={},over;',
  'function bad(e){if(over)return;over=1;s.destroy();if(Date.now()-T<(I.bootTimeout||1/0))setTimeout(go,250);',
  'else die("the parent at "+I.address+" cannot be reached: "+e.message,1)}',
  's.on("error",bad);s.on("close",function(){bad(Error("the connection was closed"))});',
  'var r=s.request({":method":"POST",":path":"/flame.v1.Code/Fetch","content-type":"application/grpc",te:"trailers"});',
  'function head(x){Object.assign(h,x)}r.on("response",head);r.on("trailers",head);r.on("error",bad);',
  'r.on("data",function(x){d.push(x)});r.on("end",function(){if(over)return;var c=h["grpc-status"];',
  'if(c===undefined||c==="14")return bad(Error(h["grpc-message"]||"it ended the stream"));over=1;',
  'if(c!=="0")die("the parent at "+I.address+" sends no code: "+decodeURIComponent(h["grpc-message"]||c),1);',
  'd=Buffer.concat(d);for(var i=6;d[i++]>127;);var m=new(require("module"))("nestjs-flame");',
  'm._compile(d.toString("utf8",i),"nestjs-flame-loader.js");m.exports.load(I,s)});',
  'var q=Buffer.concat([f(10,I.runner),f(18,I.token)]);r.end(Buffer.concat([Buffer.from([0,0,0,q.length>>8,q.length&255]),q]))}go()',
].join('');
