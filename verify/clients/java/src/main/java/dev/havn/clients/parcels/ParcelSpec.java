// SPDX-License-Identifier: Apache-2.0
package dev.havn.clients.parcels;

/// What is wanted of a parcel.
public record ParcelSpec(String to) {}
