/** One request and its answer: reads the body, lets the faults have their way, sends, and writes the bill. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { BillEnding, BilledApi, BillLine } from "./bill.ts";
import { refusedReply } from "./chat/chat-service.ts";
import { ArkRefusal } from "./error-envelope.ts";
import { cutShort, faultedSteps } from "./faults/faulted-answer.ts";
import { type FullFault, isUploadFault, type UploadFault } from "./faults/faults.ts";
import { replacedAnswer } from "./faults/replaced-answer.ts";
import type { House } from "./house.ts";
import { RequestRecord } from "./recorded-request.ts";
import { type Route, routeOf } from "./routes.ts";
import type { Service, ServiceReply } from "./service.ts";
import { type Answer, type HeaderLine, type Manners, plainSteps } from "./wire/answer.ts";
import { refusalAnswer } from "./wire/plain-answer.ts";
import { type PlayEnd, type PlayListener, WirePlayer } from "./wire/wire-player.ts";

/** Ark's documented bound for bodies with media in base64. */
const BODY_BYTES_MAX = 64 * 1_024 * 1_024;

const messagesApis: readonly BilledApi[] = ["messages", "count_tokens"];

const noFaults: readonly FullFault[] = [];

export class Exchange implements PlayListener {
  readonly #house: House;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  readonly #record: RequestRecord;
  readonly #route: Route;
  readonly #refuse: Service["refusal"];
  #queued: readonly FullFault[] | null = null;
  #faults: readonly FullFault[] = noFaults;
  #reply: ServiceReply | null = null;
  #status: number | null = null;
  #player: WirePlayer | null = null;
  #answering = false;
  #over = false;

  constructor(house: House, request: IncomingMessage, response: ServerResponse) {
    this.#house = house;
    this.#request = request;
    this.#response = response;
    this.#socket = request.socket;
    this.#record = new RequestRecord(house.parts.identity.requestId(), request);
    this.#route = routeOf(this.#record.method, this.#record.path);
    if (this.#route.kind === "service") this.#queued = house.parts.script.takeQueued();
    this.#refuse =
      this.#route.kind === "service" ? house.parts.services[this.#route.api].refusal : refusalAnswer;
    house.opened(this.#record, this.#socket);
    response.on("close", () => this.#onClose());
    request.on("data", (piece: Buffer) => this.#onPiece(piece));
    request.on("end", () => this.#onBody());
    this.#strikeUpload();
  }

  onPlayed(end: PlayEnd): void {
    if (this.#over) return;
    this.#over = true;
    if (end === "lost") this.#record.closeByClient();
    this.#house.closed(this.#billLine(end), this.#socket);
    if (end !== "kept") return;
    // Node's server learns from this event, and from nothing else, that the answer it knows nothing of is
    // out: it then lets go of the socket and hands over the next request on it.
    this.#response.emit("finish");
    this.#afterwards();
  }

  #onPiece(piece: Buffer): void {
    if (this.#over || this.#answering) return;
    this.#record.addPiece(piece);
    if (this.#record.bodyBytes > BODY_BYTES_MAX) {
      this.#refuseUpload(new ArkRefusal("RequestBodyTooLarge"));
    } else {
      this.#strikeUpload();
      this.#house.changed();
    }
  }

  #strikeUpload(): void {
    const fault = this.#queued?.find(isUploadFault);
    if (fault !== undefined && !this.#answering) this.#applyUploadFault(fault);
  }

  #applyUploadFault(fault: UploadFault): void {
    if (fault.kind === "upload_refused") {
      this.#refuseUpload(new ArkRefusal(fault.code));
    } else if (this.#record.bodyBytes < fault.afterBytes) {
      return;
    } else if (fault.kind === "upload_reset") {
      this.#socket.resetAndDestroy();
      this.onPlayed("reset");
    } else {
      // Once is enough: what comes after the pause is read.
      this.#queued = this.#queued?.filter((other) => other !== fault) ?? null;
      this.#request.pause();
      if (fault.ms !== null) setTimeout(() => this.#request.resume(), fault.ms).unref();
    }
  }

  #refuseUpload(refusal: ArkRefusal): void {
    this.#answering = true;
    const manners = { ...this.#manners(), keepAlive: false };
    this.#play(this.#refuse(refusal, this.#record.requestId, manners), noFaults);
  }

  #onBody(): void {
    if (this.#over || this.#answering) return;
    this.#answering = true;
    this.#record.completeBody();
    this.#house.changed();
    // A pipelined request gets the socket when those before it have been answered.
    if (this.#response.socket === null) this.#response.once("socket", () => this.#answer());
    else this.#answer();
  }

  #answer(): void {
    const chosen =
      this.#queued ?? this.#house.parts.script.takeChosen(this.#record, this.#route.kind === "service");
    const manners = this.#manners();
    this.#play(this.#replacedAnswer(manners, chosen) ?? this.#ownAnswer(manners, chosen), chosen);
  }

  #replacedAnswer(manners: Manners, faults: readonly FullFault[]): Answer | null {
    for (const fault of faults) {
      const answer = replacedAnswer(fault, this.#record.requestId, manners, this.#refuse);
      if (answer === null) continue;
      if (this.#route.kind === "service") this.#reply = refusedReply(answer, this.#record.body);
      return answer;
    }
    return null;
  }

  #ownAnswer(manners: Manners, faults: readonly FullFault[]): Answer {
    const authorization = this.#authorization();
    if (this.#route.kind !== "service") {
      return this.#house.parts.directory.answer(this.#route, authorization, this.#record.requestId, manners);
    }
    this.#reply = this.#house.parts.services[this.#route.api].reply({
      entry: this.#route.entry,
      authorization,
      body: this.#record.body,
      requestId: this.#record.requestId,
      manners,
      brokenArguments: faults.some((fault) => fault.kind === "broken_arguments"),
    });
    return this.#reply.answer;
  }

  /** Anthropic's clients may send their key in a header of its own (ark-api 6). */
  #authorization(): string | null {
    const authorization = this.#record.header("authorization");
    const apiKey = this.#record.header("x-api-key");
    const takesBoth = this.#route.kind === "service" && messagesApis.includes(this.#route.api);
    if (authorization !== null || apiKey === null || !takesBoth) return authorization;
    return `Bearer ${apiKey}`;
  }

  #play(answer: Answer, faults: readonly FullFault[]): void {
    this.#status = answer.status;
    this.#faults = faults;
    const { pace, random } = this.#house.parts;
    const counts = this.#reply?.served?.counts ?? null;
    const requestId = this.#record.requestId;
    const steps =
      faults.length === 0
        ? plainSteps(answer, pace)
        : faultedSteps(answer, faults, { requestId, random, pace, counts });
    this.#player = new WirePlayer(this.#socket, steps, this);
    this.#player.play();
  }

  /** The socket is gone, or the answer is out. */
  #onClose(): void {
    if (this.#over) return;
    if (this.#player === null) this.onPlayed("lost");
    else this.#player.stop();
  }

  #manners(): Manners {
    const headers: HeaderLine[] = [["Date", this.#house.date()]];
    const clientRequestId = this.#record.header("x-client-request-id");
    if (clientRequestId !== null) headers.push(["X-Client-Request-Id", clientRequestId]);
    return { headers, keepAlive: this.#response.shouldKeepAlive };
  }

  #billLine(end: PlayEnd): BillLine | null {
    if (this.#route.kind !== "service") return null;
    const served = this.#reply?.served ?? null;
    return {
      api: this.#route.api,
      requestId: this.#record.requestId,
      clientRequestId: this.#record.header("x-client-request-id"),
      modelAsked: this.#reply?.modelAsked ?? null,
      modelServed: served?.model ?? null,
      status: this.#status,
      stream: this.#reply?.stream ?? false,
      promptTokens: served?.counts.promptTokens ?? 0,
      cachedTokens: served?.counts.cachedTokens ?? 0,
      completionTokens: this.#player?.completionTokens ?? 0,
      reasoningTokens: this.#player?.reasoningTokens ?? 0,
      ended: this.#ending(end, served !== null),
    };
  }

  #ending(end: PlayEnd, served: boolean): BillEnding {
    if (end === "lost") return "aborted";
    if (end === "reset" || cutShort(this.#faults)) return "fault";
    return served ? "complete" : "refused";
  }

  /** Faults that wait for the connection to be idle. */
  #afterwards(): void {
    for (const fault of this.#faults) {
      if (fault.kind === "idle_close") this.#house.whenIdle(this.#socket, fault.afterMs, destroy);
      if (fault.kind === "second_answer") this.#house.whenIdle(this.#socket, fault.afterMs, answerUnasked);
    }
  }
}

function destroy(socket: Socket): void {
  socket.destroy();
}

function answerUnasked(socket: Socket): void {
  const text = '{"unasked":true}';
  const length = `Content-Length: ${text.length}`;
  socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${length}\r\n\r\n${text}`);
}
