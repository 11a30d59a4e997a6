// A client of the Language Server Protocol 3.17 that knows as much of it as these tests need.

import {spawn} from 'node:child_process';
import {pathToFileURL} from 'node:url';

const DEADLINE_MS = 30_000;

/** An editor with one folder open, and yaml-language-server as users get it, but for the catalogue of schemas on the web. */
export class Editor {
  #server;
  #folder;
  #received = Buffer.alloc(0);
  #requests = new Map();
  #diagnosed = new Map();
  #lastId = 0;

  constructor(executable, folder) {
    this.#folder = folder;
    this.#server = spawn(process.execPath, [executable, '--stdio'], {stdio: ['pipe', 'pipe', 'inherit']});
    this.#server.stdout.on('data', (bytes) => this.#receive(bytes));
    this.#server.on('exit', (code) => {
      for (const {reject} of this.#requests.values()) reject(new Error(`yaml-language-server ended with ${code}`));
    });
  }

  async start() {
    const uri = pathToFileURL(this.#folder).href;
    await this.#request('initialize', {
      processId: process.pid,
      rootUri: uri,
      workspaceFolders: [{uri, name: 'work'}],
      capabilities: {
        workspace: {configuration: true},
        textDocument: {
          completion: {completionItem: {snippetSupport: true, documentationFormat: ['markdown']}},
          hover: {contentFormat: ['markdown']},
          publishDiagnostics: {},
        },
      },
    });
    this.#notify('initialized', {});
  }

  async stop() {
    await this.#request('shutdown');
    this.#notify('exit');
  }

  /** Opens a text as the file of that path, and says what is underlined. */
  async open(path, text) {
    const uri = pathToFileURL(path).href;
    const diagnosed = this.#untilDiagnosed(uri);
    this.#notify('textDocument/didOpen', {textDocument: {uri, languageId: 'yaml', version: 1, text}});
    return new OpenFile(uri, text, await diagnosed, (method, params) => this.#request(method, params));
  }

  #untilDiagnosed(uri) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${uri}: no diagnostics within ${DEADLINE_MS} ms`)), DEADLINE_MS);
      this.#diagnosed.set(uri, (diagnostics) => {
        clearTimeout(timer);
        this.#diagnosed.delete(uri);
        resolve(diagnostics);
      });
    });
  }

  #request(method, params) {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method}: no answer within ${DEADLINE_MS} ms`)), DEADLINE_MS);
      const settle = (then) => (value) => {
        clearTimeout(timer);
        this.#requests.delete(id);
        then(value);
      };
      this.#requests.set(id, {resolve: settle(resolve), reject: settle(reject)});
      this.#send({id, method, params});
    });
  }

  #notify(method, params) {
    this.#send({method, params});
  }

  #send(message) {
    const body = Buffer.from(JSON.stringify({jsonrpc: '2.0', ...message}));
    this.#server.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    this.#server.stdin.write(body);
  }

  #receive(bytes) {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      const end = this.#received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.#received.subarray(0, end).toString())[1]);
      if (this.#received.length < end + 4 + length) return;
      const body = this.#received.subarray(end + 4, end + 4 + length).toString();
      this.#received = this.#received.subarray(end + 4 + length);
      this.#take(JSON.parse(body));
    }
  }

  #take(message) {
    if (message.method === undefined) {
      const request = this.#requests.get(message.id);
      if (message.error) request?.reject(new Error(message.error.message));
      else request?.resolve(message.result);
    } else if (message.method === 'workspace/configuration') {
      this.#send({id: message.id, result: message.params.items.map(({section}) => settings(section))});
    } else if (message.method === 'textDocument/publishDiagnostics') {
      this.#diagnosed.get(message.params.uri)?.(message.params.diagnostics);
    } else if (message.id !== undefined) {
      this.#send({id: message.id, result: null});
    }
  }
}

/** The server's own defaults: only what would ask the web is off. */
function settings(section) {
  return section === 'yaml' ? {schemaStore: {enable: false}} : null;
}

class OpenFile {
  #uri;
  #text;
  #request;

  constructor(uri, text, diagnostics, request) {
    this.#uri = uri;
    this.#text = text;
    this.#request = request;
    /** What is underlined: from where to where, counted from 1, the text itself, and what is said of it. */
    this.problems = diagnostics.map(({range, message}) => ({
      start: {line: range.start.line + 1, column: range.start.character + 1},
      end: {line: range.end.line + 1, column: range.end.character + 1},
      underlined: this.#within(range),
      message,
    }));
  }

  /** The hover text of a place, as markdown. */
  async hover(place) {
    const hover = await this.#request('textDocument/hover', this.#at(place));
    return hover?.contents?.value ?? '';
  }

  /** What is offered behind a place. */
  async complete(place) {
    const position = this.#position(place, place.length);
    const list = await this.#request('textDocument/completion', {textDocument: {uri: this.#uri}, position});
    return list.items;
  }

  #at(place) {
    return {textDocument: {uri: this.#uri}, position: this.#position(place)};
  }

  #position(place, behind = 0) {
    const offset = this.#text.indexOf(place);
    if (offset < 0) throw new Error(`no ${JSON.stringify(place)} in ${this.#uri}`);
    const before = this.#text.slice(0, offset + behind).split('\n');
    return {line: before.length - 1, character: before.at(-1).length};
  }

  #within({start, end}) {
    const lines = this.#text.split('\n').slice(start.line, end.line + 1);
    lines[lines.length - 1] = lines.at(-1).slice(0, start.line === end.line ? end.character : undefined);
    lines[0] = lines[0].slice(start.character);
    return lines.join('\n');
  }
}
