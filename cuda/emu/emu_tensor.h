// mma.sync, ldmatrix and cp.async for the stand-in. Fragment layouts are those of the PTX manual ("Matrix Fragments for
// mma.m16n8k16", "ldmatrix"); gpu.h states them.
#pragma once

namespace emu {

// Lanes give addresses of 16-byte rows; every lane then sees all 32.
inline void gather_rows(const void* row, const unsigned char* rows[32]) {
  Warp& warp = current->warps[self->warp];
  int phase = warp.phase & 1;
  if ((uintptr_t)row % 16) fail("ldmatrix: a row does not start at a multiple of 16 bytes");
  memcpy(warp.in[phase][self->lane], &row, sizeof row);
  warp_meet(LDMATRIX, FULL_WARP, [](Warp&) {});
  for (int i = 0; i < 32; ++i) memcpy(&rows[i], warp.in[phase][i], sizeof rows[i]);
}

template <class T> inline float half_of(uint32_t pair, int which) { return to_float(T{uint16_t(pair >> 16 * which)}); }

// The last lane to arrive computes the whole tile.
template <class T> inline void mma_tile(Warp& warp, int phase) {
  float a[16][16], b[16][8], c[16][8];
  for (int lane = 0; lane < 32; ++lane) {
    int g = lane / 4, q = lane % 4 * 2;
    uint32_t ra[4], rb[2];
    float rc[4];
    memcpy(ra, warp.in[phase][lane], 16);
    memcpy(rb, warp.in[phase][lane] + 16, 8);
    memcpy(rc, warp.in[phase][lane] + 24, 16);
    for (int h = 0; h < 2; ++h) {
      a[g][q + h] = half_of<T>(ra[0], h);
      a[g + 8][q + h] = half_of<T>(ra[1], h);
      a[g][q + 8 + h] = half_of<T>(ra[2], h);
      a[g + 8][q + 8 + h] = half_of<T>(ra[3], h);
      b[q + h][g] = half_of<T>(rb[0], h);
      b[q + 8 + h][g] = half_of<T>(rb[1], h);
      c[g][q + h] = rc[h];
      c[g + 8][q + h] = rc[2 + h];
    }
  }
  for (int i = 0; i < 16; ++i) {
    for (int k = 0; k < 16; ++k) {
      for (int j = 0; j < 8; ++j) c[i][j] += a[i][k] * b[k][j];
    }
  }
  for (int lane = 0; lane < 32; ++lane) {
    int g = lane / 4, q = lane % 4 * 2;
    float rc[4] = {c[g][q], c[g][q + 1], c[g + 8][q], c[g + 8][q + 1]};
    memcpy(warp.out[phase][lane], rc, 16);
  }
}

} // namespace emu

template <class T> inline void mma_m16n8k16(float c[4], const uint32_t a[4], const uint32_t b[2]) {
  emu::Warp& warp = emu::current->warps[emu::self->warp];
  int phase = warp.phase & 1;
  unsigned char* slot = warp.in[phase][emu::self->lane];
  memcpy(slot, a, 16);
  memcpy(slot + 16, b, 8);
  memcpy(slot + 24, c, 16);
  emu::warp_meet(emu::MMA, FULL_WARP, [phase](emu::Warp& w) { emu::mma_tile<T>(w, phase); });
  memcpy(c, warp.out[phase][emu::self->lane], 16);
}

inline void ldmatrix_x4(uint32_t r[4], const void* row, int offset = 0) {
  const unsigned char* rows[32];
  emu::gather_rows((const char*)row + offset, rows);
  int lane = emu::self->lane;
  for (int tile = 0; tile < 4; ++tile) memcpy(&r[tile], rows[tile * 8 + lane / 4] + lane % 4 * 4, 4);
}

inline void ldmatrix_x4_trans(uint32_t r[4], const void* row, int offset = 0) {
  const unsigned char* rows[32];
  emu::gather_rows((const char*)row + offset, rows);
  int lane = emu::self->lane;
  for (int tile = 0; tile < 4; ++tile) {
    uint16_t pair[2];
    for (int h = 0; h < 2; ++h) memcpy(&pair[h], rows[tile * 8 + lane % 4 * 2 + h] + lane / 4 * 2, 2);
    memcpy(&r[tile], pair, 4);
  }
}

inline void cp_async16(void* shared, const void* global, int valid = 16) {
  emu::Thread* t = emu::self;
  if (t->copyCount == emu::MAX_COPIES) emu::fail("more than 64 cp.async of one thread are under way");
  if ((uintptr_t)shared % 16 || (valid && (uintptr_t)global % 16)) emu::fail("cp.async: not a multiple of 16 bytes");
  emu::current->copies[t - emu::current->threads][t->copyCount++] = {shared, global, valid, t->copyGroup};
}

inline void cp_commit() { ++emu::self->copyGroup; }

template <int pending> inline void cp_wait() {
  emu::Thread* t = emu::self;
  emu::Copy* copies = emu::current->copies[t - emu::current->threads];
  int kept = 0;
  for (int i = 0; i < t->copyCount; ++i) {
    if (copies[i].group >= t->copyGroup - pending) {
      copies[kept++] = copies[i];
      continue;
    }
    if (copies[i].valid) memcpy(copies[i].to, copies[i].from, size_t(copies[i].valid));
    memset((char*)copies[i].to + copies[i].valid, 0, size_t(16 - copies[i].valid));
  }
  t->copyCount = kept;
}
