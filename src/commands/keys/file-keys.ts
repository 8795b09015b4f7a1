/** The keys in the ledger's file, while no gateway has it. */
import { systemClock } from "../../core/clock.ts";
import type { KeyId } from "../../core/ids.ts";
import { KeyDesk } from "../../keys/key-desk.ts";
import { KEY_RECORDS, keyRecordText, readKeyRecord } from "../../keys/key-json.ts";
import type { KeyRecord } from "../../keys/key-record.ts";
import { KeyRing } from "../../keys/key-ring.ts";
import { ledgerPath } from "../../ledger/store/ledger-file.ts";
import { type OfflineRecords, openRecords } from "../../ledger/store/offline-records.ts";
import { type KeyDraftJson, type KeyJson, keyDraftOf, keyJson } from "../../server/admin/key-schemas.ts";
import type { IssuedKey, KeyDetail, KeyService } from "./key-service.ts";

/** Whom the audit trail names: whoever could read the file could change it, too. */
const ACTOR = "local";

export class FileKeys implements KeyService {
  readonly isRunning = false;
  readonly place: string;
  readonly #records: OfflineRecords;
  readonly #desk: KeyDesk;

  private constructor(place: string, records: OfflineRecords) {
    this.place = place;
    this.#records = records;
    const keys = records.records(KEY_RECORDS).map(({ body }) => readKeyRecord(body));
    this.#desk = new KeyDesk({
      ring: new KeyRing(keys),
      archive: {
        keep: (record, entry) => records.keepRecord(KEY_RECORDS, record.id, keyRecordText(record), entry),
      },
      clock: systemClock,
    });
  }

  /**
   * Takes the folder's lock; the folder and its ledger are made where they are missing.
   * @throws LedgerOpenError `in_use` where a gateway runs, or what is wrong with the file
   */
  static open(folder: string): FileKeys {
    const records = openRecords(folder);
    try {
      return new FileKeys(ledgerPath(folder), records);
    } catch (error) {
      records.close();
      throw error;
    }
  }

  async list(): Promise<readonly KeyJson[]> {
    return this.#desk.ring.list().map(jsonOf);
  }

  async show(id: string): Promise<KeyDetail | null> {
    const record = this.#desk.ring.get(id as KeyId);
    return record === null ? null : { ...jsonOf(record), used: null };
  }

  async create(draft: KeyDraftJson): Promise<IssuedKey> {
    return issuedOf(await this.#desk.create(keyDraftOf(draft), ACTOR));
  }

  async revoke(id: string): Promise<KeyJson | null> {
    const record = await this.#desk.revoke(id as KeyId, ACTOR);
    return record === null ? null : jsonOf(record);
  }

  async rotate(id: string, overlapSeconds: number): Promise<IssuedKey | null> {
    const issued = await this.#desk.rotate(id as KeyId, overlapSeconds * 1_000, ACTOR);
    return issued === null ? null : issuedOf(issued);
  }

  close(): void {
    this.#records.close();
  }
}

function jsonOf(record: KeyRecord): KeyJson {
  return keyJson(record, systemClock.wallMs());
}

function issuedOf({ record, secret }: { readonly record: KeyRecord; readonly secret: string }): IssuedKey {
  return { key: jsonOf(record), secret };
}
