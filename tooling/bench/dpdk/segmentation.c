/* rte_gso_segment: 64 KB of TCP over IPv4 in 45 segments whose payload stays where it is, headers and their checksum anew. */
#include "timing.h"
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_gso.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

enum { SEGMENTS = 45, SIZE = 1448, HEADER = 54, PIECE = 1448 };
static const uint64_t WISHES = RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
static struct rte_mempool *direct, *indirect, *data;
static struct rte_gso_ctx context;
static struct rte_mbuf *packet;

static uint64_t work(uint32_t calls) {
  uint64_t sum = 0;
  struct rte_mbuf *out[SEGMENTS + 8];
  for (uint32_t call = 0; call < calls; call++) {
    packet->ol_flags = WISHES; /* it takes TCP_SEG away */
    int count = rte_gso_segment(packet, &context, out, RTE_DIM(out));
    if (count != SEGMENTS) {
      fprintf(stderr, "rte_gso_segment made %d segments, not %d\n", count, SEGMENTS);
      exit(1);
    }
    sum += out[count - 1]->pkt_len;
    rte_pktmbuf_free_bulk(out, (unsigned)count);
  }
  return sum;
}

/* A packet of one header and 45 pieces, as a stack with scatter and gather would hand it over. */
static struct rte_mbuf *build(void) {
  struct rte_mbuf *head = rte_pktmbuf_alloc(data);
  struct rte_ether_hdr *ether = (struct rte_ether_hdr *)rte_pktmbuf_append(head, HEADER);
  memset(ether, 0, HEADER);
  ether->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
  struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(ether + 1);
  *ip = (struct rte_ipv4_hdr){.version_ihl = 0x45, .time_to_live = 64, .next_proto_id = IPPROTO_TCP};
  struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);
  *tcp = (struct rte_tcp_hdr){.data_off = 0x50, .tcp_flags = RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG};
  struct rte_mbuf *last = head;
  for (int piece = 0; piece < SEGMENTS; piece++) {
    struct rte_mbuf *next = rte_pktmbuf_alloc(data);
    memset(rte_pktmbuf_append(next, PIECE), piece, PIECE);
    last->next = next;
    last = next;
    head->nb_segs++;
    head->pkt_len += PIECE;
  }
  head->l2_len = sizeof *ether;
  head->l3_len = sizeof *ip;
  head->l4_len = sizeof *tcp;
  return head;
}

int main(int argc, char **argv) {
  (void)argc;
  char *words[] = {argv[0], "--no-huge", "-m", "256", "--no-pci", "--no-telemetry", "--no-shconf", "--log-level=3", "-l", "0", NULL};
  if (rte_eal_init(10, words) < 0) return 1;
  data = rte_pktmbuf_pool_create("data", 511, 250, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
  direct = rte_pktmbuf_pool_create("direct", 1023, 250, 0, 256 + RTE_PKTMBUF_HEADROOM, 0);
  indirect = rte_pktmbuf_pool_create("indirect", 1023, 250, 0, 0, 0);
  if (data == NULL || direct == NULL || indirect == NULL) return 1;
  context = (struct rte_gso_ctx){.direct_pool = direct,
                                 .indirect_pool = indirect,
                                 .gso_types = RTE_ETH_TX_OFFLOAD_TCP_TSO,
                                 .gso_size = SIZE + HEADER};
  packet = build();
  measure(work, 500);
  return 0;
}
