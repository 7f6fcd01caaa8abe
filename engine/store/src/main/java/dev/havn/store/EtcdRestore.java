// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import java.time.InstantSource;
import java.util.concurrent.ScheduledExecutorService;

/// Puts the contents of a backup into an etcd, in place of what is there. Until it is done a note
/// says so, and no store opens.
public final class EtcdRestore implements AutoCloseable {
  /// etcd takes 128 operations in a transaction.
  private static final int OPERATIONS_MAX = 100;

  /// etcd takes requests of one and a half MiB.
  private static final int BYTES_MAX = 1 << 20;

  private final EtcdSettings settings;
  private final EtcdConnection connection;
  private final EtcdNotes notes;
  private final InstantSource clock;

  /// @param sealing of the notes; the contents are taken as they were kept
  public EtcdRestore(
      EtcdSettings settings,
      Sealing sealing,
      InstantSource clock,
      ScheduledExecutorService executor) {
    this.settings = settings;
    this.clock = clock;
    this.connection = new EtcdConnection(settings, executor);
    this.notes =
        new EtcdNotes(settings, connection, new EtcdLeases(connection, clock, executor), sealing);
  }

  public EtcdNotes notes() {
    return notes;
  }

  /// Whether there is something that would be lost.
  public boolean isTaken() {
    return all(true).getCount() > 0;
  }

  private RangeResponse all(boolean counted) {
    RangeRequest request =
        RangeRequest.newBuilder()
            .setKey(ByteString.copyFromUtf8(settings.prefix()))
            .setRangeEnd(EtcdMirror.endOf(settings.prefix()))
            .setCountOnly(counted)
            .build();
    return connection.await("reading " + settings.prefix(), connection.keys().range(request));
  }

  /// Replaces everything. Revisions go on from one that is above those of the backup and of what
  /// was there.
  ///
  /// @param above how far
  public void replace(Contents contents, long above) {
    notes.restoring(true);
    long etcdRevision = all(true).getHeader().getRevision();
    long before = etcdRevision + notes.offset();
    notes.offset(Math.max(before, contents.revision()) + above - etcdRevision);
    DeleteRangeRequest everything =
        DeleteRangeRequest.newBuilder()
            .setKey(ByteString.copyFromUtf8(settings.prefix()))
            .setRangeEnd(EtcdMirror.endOf(settings.prefix()))
            .build();
    var unused = connection.await("emptying it", connection.keys().deleteRange(everything));
    notes.remove("identity");
    TxnRequest.Builder batch = TxnRequest.newBuilder();
    int bytes = 0;
    for (Journal.Write write : contents.writes()) {
      int size = write.entry() == null ? 0 : write.entry().bytes();
      if (batch.getSuccessCount() == OPERATIONS_MAX
          || (batch.getSuccessCount() > 0 && bytes + size > BYTES_MAX)) {
        send(batch);
        batch = TxnRequest.newBuilder();
        bytes = 0;
      }
      bytes += size;
      add(batch, write);
    }
    send(batch);
    notes.restoring(false);
  }

  private void add(TxnRequest.Builder batch, Journal.Write write) {
    if (write.entry() == null) {
      return;
    }
    long lease = 0;
    if (write.expiresMillis() > 0) {
      long left = Math.max(1_000, write.expiresMillis() - clock.millis());
      LeaseGrantRequest request = LeaseGrantRequest.newBuilder().setTTL(left / 1_000).build();
      lease = connection.await("a lease", connection.leases().leaseGrant(request)).getID();
    }
    PutRequest put =
        PutRequest.newBuilder()
            .setKey(ByteString.copyFromUtf8(settings.toEtcd(write.key())))
            .setValue(UnsafeByteOperations.unsafeWrap(write.entry().value()))
            .setLease(lease)
            .build();
    batch.addSuccess(RequestOp.newBuilder().setRequestPut(put));
  }

  private void send(TxnRequest.Builder batch) {
    PutRequest head =
        PutRequest.newBuilder().setKey(ByteString.copyFromUtf8(settings.beside("head"))).build();
    batch.addSuccess(RequestOp.newBuilder().setRequestPut(head));
    var unused = connection.await("writing a part", connection.keys().txn(batch.build()));
  }

  @Override
  public void close() {
    connection.close();
  }
}
