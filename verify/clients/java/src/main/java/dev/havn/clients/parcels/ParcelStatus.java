// SPDX-License-Identifier: Apache-2.0
package dev.havn.clients.parcels;

/// What has become of a parcel.
public record ParcelStatus(String arrivedAt) {}
