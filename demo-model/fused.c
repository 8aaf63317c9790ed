// Fused training kernels for bf16 tensors on a CPU: what PyTorch 1.13 does element by element, in one pass each.
// Every tensor is contiguous; rows are split over the threads. Sums are f32. N rows, d columns.
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint16_t bf16;
typedef int64_t len;

static inline float widen(bf16 x) {
  union { uint32_t bits; float value; } v = {.bits = (uint32_t)x << 16};
  return v.value;
}

static inline bf16 narrow(float x) {  // to nearest, ties to even
  union { float value; uint32_t bits; } v = {.value = x};
  return (bf16)((v.bits + 0x7fff + ((v.bits >> 16) & 1)) >> 16);
}

// y = x / rms(x) * w; keeps 1 / rms for the way back.
void rms_norm(const bf16 *x, const float *w, bf16 *y, float *scale, len N, len d) {
#pragma omp parallel for schedule(static)
  for (len i = 0; i < N; i++) {
    const bf16 *a = x + i * d;
    bf16 *o = y + i * d;
    float sum = 0;
    for (len j = 0; j < d; j++) sum += widen(a[j]) * widen(a[j]);
    float r = 1.f / sqrtf(sum / d + 1e-5f);
    scale[i] = r;
    for (len j = 0; j < d; j++) o[j] = narrow(widen(a[j]) * r * w[j]);
  }
}

// dw is [threads, d], zeroed.
void rms_norm_back(const bf16 *dy, const bf16 *x, const float *w, const float *scale, bf16 *dx, float *dw, len N, len d) {
#pragma omp parallel
  {
    float *mine = dw + omp_get_thread_num() * d;
#pragma omp for schedule(static)
    for (len i = 0; i < N; i++) {
      const bf16 *a = x + i * d, *g = dy + i * d;
      bf16 *o = dx + i * d;
      float r = scale[i], sum = 0;
      for (len j = 0; j < d; j++) {
        float t = widen(g[j]) * widen(a[j]);
        sum += t * w[j];
        mine[j] += t * r;
      }
      float c = sum * r * r * r / d;
      for (len j = 0; j < d; j++) o[j] = narrow(widen(g[j]) * w[j] * r - widen(a[j]) * c);
    }
  }
}

// gu is [N, 2f]: gate, then up. h = silu(gate) * up.
void swiglu(const bf16 *gu, bf16 *h, len N, len f) {
#pragma omp parallel for schedule(static)
  for (len i = 0; i < N; i++) {
    const bf16 *g = gu + i * 2 * f, *u = g + f;
    bf16 *o = h + i * f;
    for (len j = 0; j < f; j++) {
      float a = widen(g[j]);
      o[j] = narrow(a / (1.f + expf(-a)) * widen(u[j]));
    }
  }
}

void swiglu_back(const bf16 *gu, const bf16 *dh, bf16 *dgu, len N, len f) {
#pragma omp parallel for schedule(static)
  for (len i = 0; i < N; i++) {
    const bf16 *g = gu + i * 2 * f, *u = g + f, *d = dh + i * f;
    bf16 *o = dgu + i * 2 * f;
    for (len j = 0; j < f; j++) {
      float a = widen(g[j]), s = 1.f / (1.f + expf(-a)), t = widen(d[j]);
      o[f + j] = narrow(t * a * s);
      o[j] = narrow(t * widen(u[j]) * s * (1.f + a * (1.f - s)));
    }
  }
}

// Rotates and splits qkv [B, T, (KG + 2K) D] into q [B, K, T, G, D] and k, v [B, K, T, D]; back: the transpose.
// K key/value heads, G query heads each, of width D. cosine, sine: [T, D / 2].
void rope_split(bf16 *qkv, bf16 *q, bf16 *k, bf16 *v, const float *cosine, const float *sine, len B, len T, len K, len G,
                len D, len back) {
  len width = (K * G + 2 * K) * D, half = D / 2;
#pragma omp parallel for collapse(2) schedule(static)
  for (len b = 0; b < B; b++)
    for (len t = 0; t < T; t++) {
      bf16 *row = qkv + (b * T + t) * width;
      const float *c = cosine + t * half, *s = sine + t * half;
      for (len h = 0; h < K * G + K; h++) {
        bf16 *p = row + h * D;
        bf16 *o = h < K * G ? q + (((b * K + h / G) * T + t) * G + h % G) * D : k + ((b * K + h - K * G) * T + t) * D;
        if (back)
          for (len j = 0; j < half; j++) {
            float x = widen(o[j]), y = widen(o[j + half]);
            p[j] = narrow(x * c[j] + y * s[j]);
            p[j + half] = narrow(y * c[j] - x * s[j]);
          }
        else
          for (len j = 0; j < half; j++) {
            float x = widen(p[j]), y = widen(p[j + half]);
            o[j] = narrow(x * c[j] - y * s[j]);
            o[j + half] = narrow(y * c[j] + x * s[j]);
          }
      }
      for (len h = 0; h < K; h++) {
        bf16 *p = row + (K * G + K + h) * D, *o = v + ((b * K + h) * T + t) * D;
        memcpy(back ? p : o, back ? o : p, D * sizeof(bf16));
      }
    }
}

// Causal softmax in place of scores [n, R, C]: row r belongs to position first + r / G and sees the keys up to it.
void causal_softmax(bf16 *scores, len n, len R, len C, len first, len G, float factor) {
#pragma omp parallel
  {
    float *e = malloc(C * sizeof(float));
#pragma omp for collapse(2) schedule(static)
    for (len i = 0; i < n; i++)
      for (len r = 0; r < R; r++) {
        bf16 *a = scores + (i * R + r) * C;
        len m = first + r / G + 1;
        float most = -1e30f, sum = 0;
        for (len j = 0; j < m; j++) most = fmaxf(most, widen(a[j]));
        for (len j = 0; j < m; j++) {
          e[j] = expf((widen(a[j]) - most) * factor);
          sum += e[j];
        }
        sum = 1.f / sum;
        for (len j = 0; j < m; j++) a[j] = narrow(e[j] * sum);
        memset(a + m, 0, (C - m) * sizeof(bf16));
      }
    free(e);
  }
}

void causal_softmax_back(const bf16 *p, bf16 *d, len n, len R, len C, len first, len G, float factor) {
#pragma omp parallel for collapse(2) schedule(static)
  for (len i = 0; i < n; i++)
    for (len r = 0; r < R; r++) {
      const bf16 *a = p + (i * R + r) * C;
      bf16 *g = d + (i * R + r) * C;
      len m = first + r / G + 1;
      float sum = 0;
      for (len j = 0; j < m; j++) sum += widen(a[j]) * widen(g[j]);
      for (len j = 0; j < m; j++) g[j] = narrow(widen(a[j]) * (widen(g[j]) - sum) * factor);
      memset(g + m, 0, (C - m) * sizeof(bf16));
    }
}

// Logits [N, V] to weighted gradients in place; loss unweighted, right = whether the target is the most likely token.
void cross_entropy(bf16 *logits, const len *target, const float *weight, float *loss, uint8_t *right, len N, len V) {
#pragma omp parallel
  {
    float *e = malloc(V * sizeof(float));
#pragma omp for schedule(static)
    for (len i = 0; i < N; i++) {
      bf16 *a = logits + i * V;
      float most = -1e30f, sum = 0;
      for (len j = 0; j < V; j++) most = fmaxf(most, widen(a[j]));
      float own = widen(a[target[i]]);
      right[i] = own >= most;
      for (len j = 0; j < V; j++) {
        e[j] = expf(widen(a[j]) - most);
        sum += e[j];
      }
      loss[i] = logf(sum) + most - own;
      float c = weight[i] / sum;
      for (len j = 0; j < V; j++) a[j] = narrow(e[j] * c);
      a[target[i]] = narrow(e[target[i]] * c - weight[i]);
    }
    free(e);
  }
}
