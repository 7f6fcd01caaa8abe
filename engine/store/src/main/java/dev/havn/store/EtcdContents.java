// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.LeaseTimeToLiveRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// Reads all of a store in etcd at one revision, page by page.
final class EtcdContents {
  private static final int PAGE_ENTRIES = 1_000;

  private EtcdContents() {}

  /// @return the revision of etcd at which all was read
  static long read(EtcdSettings settings, EtcdConnection connection, Consumer<KeyValue> entries) {
    ByteString from = ByteString.copyFromUtf8(settings.prefix());
    long at = 0;
    while (true) {
      RangeRequest request =
          RangeRequest.newBuilder()
              .setKey(from)
              .setRangeEnd(EtcdMirror.endOf(settings.prefix()))
              .setLimit(PAGE_ENTRIES)
              .setRevision(at)
              .build();
      RangeResponse page =
          connection.await("reading " + settings.prefix(), connection.keys().range(request));
      at = at == 0 ? page.getHeader().getRevision() : at;
      page.getKvsList().forEach(entries);
      if (!page.getMore()) {
        return at;
      }
      ByteString last = page.getKvs(page.getKvsCount() - 1).getKey();
      from = last.concat(ByteString.copyFrom(new byte[1]));
    }
  }

  /// What is there, as it is kept, with when each entry ends.
  static Contents read(
      EtcdSettings settings, EtcdConnection connection, EtcdMirror mirror, InstantSource clock) {
    List<KeyValue> found = new ArrayList<>();
    long revision = mirror.toStore(read(settings, connection, found::add));
    Map<Long, Long> ends = new HashMap<>();
    List<Journal.Write> writes = new ArrayList<>(found.size());
    for (KeyValue each : found) {
      String key = settings.toStore(each.getKey().toStringUtf8());
      long written = mirror.toStore(each.getModRevision());
      Entry entry =
          new Entry(
              key,
              each.getValue().toByteArray(),
              mirror.toStore(each.getCreateRevision()),
              written);
      long end =
          each.getLease() == 0
              ? 0
              : ends.computeIfAbsent(each.getLease(), lease -> end(connection, lease, clock));
      writes.add(new Journal.Write(written, key, entry, end, null));
    }
    return new Contents(writes, revision);
  }

  private static long end(EtcdConnection connection, long lease, InstantSource clock) {
    LeaseTimeToLiveRequest request = LeaseTimeToLiveRequest.newBuilder().setID(lease).build();
    long left = connection.await("a lease", connection.leases().leaseTimeToLive(request)).getTTL();
    return clock.millis() + Math.max(0, left) * 1_000;
  }
}
