/** What `serve`, `demo` and `simulate` say to people, in English and Chinese. */
import type { Phrase } from "../core/language.ts";

export const servePhrases = {
  listens: (url: string, metricsUrl: string): Phrase => ({
    en: `volcano-proxy listens on ${url} (OpenAI clients: ${url}/v1), metrics on ${metricsUrl}`,
    zh: `volcano-proxy 正在监听 ${url}（OpenAI 客户端填 ${url}/v1），指标在 ${metricsUrl}`,
  }),
  adminKey: (key: string): Phrase => ({
    en: `The admin key, shown this once: ${key}\nIt opens the admin API (/admin/usage). VOLCANO_PROXY_ADMIN_KEY sets another.`,
    zh: `管理密钥（仅显示这一次）：${key}\n用于管理接口（/admin/usage）。可用 VOLCANO_PROXY_ADMIN_KEY 另行设置。`,
  }),
  firstKey: (key: string): Phrase => ({
    en: `A first key for callers, shown this once: ${key}\nMake one for each caller: volcano-proxy keys create --name NAME`,
    zh: `供调用方使用的首个密钥（仅显示这一次）：${key}\n可为每个调用方新建：volcano-proxy keys create --name NAME`,
  }),
  portTaken: (setting: string, port: number): Phrase => ({
    en: `Port ${port} is taken. Choose another: ${setting}=${port + 10} npm start`,
    zh: `端口 ${port} 已被占用。请换一个：${setting}=${port + 10} npm start`,
  }),
  portForbidden: (port: number): Phrase => ({
    en: `Port ${port} may not be opened by this user. Choose one from 1024.`,
    zh: `当前用户无权监听端口 ${port}。请选 1024 及以上的端口。`,
  }),
  addressMissing: (host: string): Phrase => ({
    en: `This machine has no address ${host}. Set HOST to one that it has, such as 127.0.0.1.`,
    zh: `本机没有地址 ${host}。请把 HOST 设为本机地址，例如 127.0.0.1。`,
  }),
  stopping: {
    en: "Stopping: what is in flight may finish. The same signal again: within five seconds.",
    zh: "正在停止：进行中的请求会继续完成。再次发送同一信号则五秒内结束。",
  },
} as const;

export const demoPhrases = {
  simulator: { en: "Ark, simulated", zh: "模拟的方舟" },
  gateway: { en: "the gateway", zh: "网关" },
  metrics: { en: "metrics", zh: "指标" },
  anyKey: { en: "any key is good", zh: "任何密钥都可用" },
  clients: { en: "point OpenAI clients here", zh: "让 OpenAI 客户端指向这里" },
  figures: { en: "success rate, latency, models, errors", zh: "成功率、延迟、模型分布、错误" },
  portMoved: (wanted: number, port: number): Phrase => ({
    en: `Port ${wanted} is taken (macOS uses 5000 for AirPlay), so this is on ${port}.`,
    zh: `端口 ${wanted} 已被占用（macOS 的隔空播放会用 5000），改用 ${port}。`,
  }),
  paste: { en: "Paste this into another terminal:", zh: "把这条命令粘贴到另一个终端：" },
  firstCall: { en: "And here is a first call, streamed:", zh: "先来一次流式调用：" },
  thinking: { en: "thinking", zh: "思考" },
  answer: { en: "answer", zh: "回答" },
  question: { en: "What does the mountain say?", zh: "山在说什么？" },
  outcome: (status: number, firstByteMs: number, totalMs: number): Phrase => ({
    en: `status ${status}, first event after ${firstByteMs} ms, the whole in ${totalMs} ms`,
    zh: `状态 ${status}，首个事件 ${firstByteMs} 毫秒，全程 ${totalMs} 毫秒`,
  }),
  failed: (reason: string): Phrase => ({
    en: `The first call failed: ${reason}`,
    zh: `第一次调用失败：${reason}`,
  }),
  stop: { en: "Ctrl+C stops it.", zh: "按 Ctrl+C 停止。" },
} as const;

export const simulatePhrases = {
  listens: (url: string): Phrase => ({
    en: `Ark, simulated: ${url} (any key is good). Use it with: ARK_BASE_URL=${url} npm start`,
    zh: `模拟的方舟：${url}（任何密钥都可用）。用法：ARK_BASE_URL=${url} npm start`,
  }),
  unreadable: (file: string, code: string): Phrase => ({
    en: `The scenario ${file} cannot be read: ${code}.`,
    zh: `无法读取场景文件 ${file}：${code}。`,
  }),
} as const;
