# receive-segments.pl PORT SIZE SEGMENT COUNT: waits for what send-segments.pl sends; prints `sizes 1400 1400 ...` of each
# datagram, ends with 0 when every byte of every segment is right and none is missing.
use strict;
use Socket qw(:DEFAULT inet_pton);
my ($port, $size, $segment, $count) = @ARGV;
socket(my $socket, AF_INET6, SOCK_DGRAM, 17) or die "socket: $!";
bind($socket, pack_sockaddr_in6($port, inet_pton(AF_INET6, '::'))) or die "bind: $!";
$SIG{ALRM} = sub { print "time is up\n"; exit 1 };
alarm 200;
my $parts = int(($size + $segment - 1) / $segment);
my %seen;
while (keys %seen < $parts * $count) {
  recv($socket, my $data, 65536, 0) // die "recv: $!";
  my ($number, $part) = unpack('NN', $data);
  my $at = $part * $segment;
  my $length = $size - $at < $segment ? $size - $at : $segment;
  my $expected = pack('NN', $number, $part) . chr(($number + $at) & 255) x ($length - 8);
  $data eq $expected or die "datagram $number, segment $part: " . length($data) . " bytes, expected $length, or other bytes";
  $seen{"$number $part"} = length $data;
}
for my $number (1 .. $count) {
  print 'sizes ', join(' ', map { $seen{"$number $_"} } 0 .. $parts - 1), "\n";
}
