#!/usr/bin/perl
# Writes csrc/text/unicode_data.h from the character database that perl carries:
#
#     perl tools/unicode_data.pl > csrc/text/unicode_data.h
#
# The header names the version of Unicode; that of a newer perl is newer. Needed only to change the
# tables: builds use the header as it is.
use strict;
use warnings;
use feature 'unicode_strings'; # or lc leaves U+00C0 and its like as they are
use Unicode::UCD;

use constant { BLOCK => 128, POINTS => 0x110000 };

# Values of Word_Break (UAX #29) that the encoder treats alike have one name.
my @breaks = (
    [qr/\p{WB=LE}/, 'LETTER'],                   [qr/\p{WB=HL}/, 'HEBREW'],
    [qr/\p{WB=NU}/, 'NUMERIC'],                  [qr/\p{WB=KA}/, 'KATAKANA'],
    [qr/\p{WB=EX}/, 'CONNECTOR'],                [qr/[\p{WB=Extend}\p{WB=FO}]/, 'EXTEND'],
    [qr/\p{WB=ZWJ}/, 'JOINER'],                  [qr/\p{WB=ML}/, 'MID_LETTER'],
    [qr/\p{WB=MN}/, 'MID_NUMBER'],               [qr/\p{WB=MB}/, 'MID_BOTH'],
    [qr/\p{WB=SQ}/, 'SINGLE_QUOTE'],             [qr/\p{WB=DQ}/, 'DOUBLE_QUOTE'],
    [qr/\p{WB=RI}/, 'REGIONAL'],                 [qr/\p{WB=WSegSpace}/, 'SPACE'],
    [qr/[\p{WB=CR}\p{WB=LF}\p{WB=NL}]/, 'NEWLINE'], [qr/(?s:.)/, 'OTHER'],
);
my @flags = (
    [qr/[\p{L}\p{N}]/, 'IN_WORD'],    [qr/\p{ExtPict}/, 'PICTOGRAPH'],
    [qr/\p{Cased}/, 'CASED'],         [qr/\p{Case_Ignorable}/, 'CASE_IGNORABLE'],
);

my (%number, @records, %block_number, @blocks, @index);
for (my $start = 0; $start < POINTS; $start += BLOCK) {
    my @block;
    for my $c ($start .. $start + BLOCK - 1) {
        my $surrogate = $c >= 0xD800 && $c <= 0xDFFF;
        my $char = $surrogate ? ' ' : chr $c;
        my ($break) = map { $_->[1] } grep { $char =~ $_->[0] } @breaks;
        my $flags = join ' | ', map { $_->[1] } grep { $char =~ $_->[0] } @flags;
        # The one lower-case form of several characters is U+0130's: its first is in the table.
        my $lower = ord(lc $char) - ord($char);
        die sprintf "U+%04X has %d lower-case letters", $c, length lc $char
            if length(lc $char) != 1 && $c != 0x130;
        my $record = sprintf '{%d, %s, %s}', $lower, $break, $flags || 0;
        $record = '{0, OTHER, 0}' if $surrogate;
        $number{$record} = push(@records, $record) - 1 unless exists $number{$record};
        push @block, $number{$record};
    }
    my $key = "@block";
    $block_number{$key} = push(@blocks, [@block]) - 1 unless exists $block_number{$key};
    push @index, $block_number{$key};
}
die 'too many records or blocks for a byte' if @records > 256 || @blocks > 256;

sub rows {
    my @numbers = @_;
    my $text = '';
    while (my @row = splice @numbers, 0, 32) { $text .= '    ' . join(',', @row) . ",\n" }
    return $text;
}

my $version = Unicode::UCD::UnicodeVersion();
my ($records, $blocks) = (scalar @records, scalar @blocks);
print "/* unicode_data.h - what Unicode $version says of each character; by unicode_data.pl. */\n";
print "#define W2V_UNICODE_VERSION \"$version\"\n\n";
print "static const w2v_character CHARACTERS[$records] = {\n";
print "    $_,\n" for @records;
print "};\n\nstatic const uint8_t CHARACTER_BLOCKS[$blocks][@{[BLOCK]}] = {\n";
print "    {\n", rows(@$_), "    },\n" for @blocks;
print "};\n\nstatic const uint8_t CHARACTER_INDEX[@{[POINTS / BLOCK]}] = {\n", rows(@index), "};\n";
