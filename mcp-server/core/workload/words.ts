const TEXT = `
that this with from your have more will home about page search free other time they site what
which their news there only when contact here business also help view online first been would
were services some these click like service than find price date back people list name just
over state year into email health world next used work last most products music data make
them should product system post city policy number such please support message after best
software then good video well where rights public books high school through each links review
years order very privacy book items company read group need many user said does under general
research full reviews program life know games days part could great hotel real item center
must store travel comments made report member details line terms before send right type
because local those using results office national design take posted internet address within
states area want phone shipping reserved subject between forum family long based code show
even black check special prices index being much sign file link open today south case project
same pages version section found sports house related security both county photo game members
power while care network down computer systems three total place download without access
think north current posts media control water history pictures size personal since guide shop
board location change white text small rating rate children during return students shopping
account times sites level digital profile previous form events love main call hours image
title another shall property still money quality every listing content country private little
visit save tools reply customer compare movies include college value article card jobs
provide food source author press learn sale around print course process teen room stock
training credit point join science advanced west sales look english left team estate select
photos thread week category note live large gallery table register however market library
really action start series model features industry plan human provided required second cost
movie forums better going medical test friend come server study cart staff articles feedback
again play looking issues never users complete street topic comment things working against
standard person below mobile less party payment login student programs offers legal above
recent park stores side problem give memory social quote language story sell options rates
create body young field east paper single club example password latest road gift question
changes night hard four status browse issue range building seller court always result audio
light write offer blue groups easy given files event release analysis request making picture
needs possible might month major star areas future space hand cards problems meeting interest
child keep enter share similar schools million added listed baby learning energy delivery
popular term film stories journal reports welcome central images notice original head radio
until cell color self away includes track archive once others format least months friends
sure trade edition cars messages tell updated able having already green close common drive
specific gold living called short arts display limited powered means director daily past
natural whether five upon period database says official weather land average done window
region record direct records district calendar style front update parts ever early sound
resource present either document word works material written talk rules final tickets thing
centre cheap kids finance true minutes else third rock reading topics tips plus auto cover
usually edit videos percent fast function fact unit getting global tech meet economic player
projects often submit amount watch included feel though bank risk thanks words weight town
heart received choose archives points error camera clear receive domain methods chapter makes
loan wide manager position taken sort models known half cases step simple quick none license
lake whole annual later basic shows method purchase active response practice hardware figure
fire holiday chat along among writing speed loss face brand discount higher effects created
remember yellow increase base near thought stuff storage doing entry stay nature orders
summary turn mean growth notes agency king activity copy although pics western income force
cash overall river package contents seen players engine port album stop started views plans
double build screen exchange types soon lines continue needed season apply someone held
anything printer effect mind lost tour menu volume cross hope silver wish inside solution
role rather weeks came supply nothing running lower union fine names hour skills career
decision leave huge woman kind middle move taking values division coming object machine logo
length actually nice score client returns capital follow sample sent shown culture band flash
lead choice went starting courses consumer airport foreign artist outside levels channel
letter mode phones ideas fund summer allow degree contract button homes super matter custom
almost took located multiple editor cause song focus late fall featured idea rooms primary
numbers reason tool browser spring answer voice friendly schedule purpose feature comes
everyone physical hill maps medicine deal hold ratings forms glass happy wanted thank safe
unique survey prior sport ready feed animal sources regular secure station round favorite
option master probably built hall earth parents impact transfer strong hospital ground
overview ship owners paid perfect hair classic basis command cities express award distance
tree ensure thus wall extra partners budget rated success maximum existing quite selected
patients warning wine horse vote forward flowers stars lists owner animals ways rule housing
takes bring catalog trying mother traffic joined input strategy agent valid modern door grand
testing trial charge units instead cool normal ships leading metal positive fitness football
abstract uses output greater likely develop artists guest pass trust contains session multi
academic skin graphics expected grade dating filter vehicle consider panel floor match
default require deep allows rest protein plant reported pool partner authors boards faculty
fish mission string sense modified pack released stage internal goods born unless race
approved target except ability maybe moving brands places pretty winter battery pressure
keywords medium core break sets dance wood defined papers playing studio reader virtual
device answers rent remote dark external theory remove surface minimum visual host teachers
manual block subjects agents repair fair civil steel songs fixed wrong hands finally updates
desktop classes gets sector capacity requires fully father electric quotes driver respect
unknown trip worth teacher eyes workers farm peace creative progress devices lord grant agree
fiction hear accepted former hits zone complex flat flow parent setting scale stand highest
monthly critical frame path employee chief bottom packages detail laws changed heard begin
clean switch titles relevant justice connect basket weekly demand suite square advance skip
diet auction gear allowed correct nation selling lots piece sheet firm seven older elements
species jump cells module facility random pricing motion looks monitor forest calls whose
coverage vision ball ending clients actions listen accept goal sold wind clinical markets
lowest appear currency patient actual stone commerce perhaps persons tests accounts pain
coffee settings buyer oral poster edge root closed pink balance graduate shot initial label
thinking league minute provider optional cold sections chair phase fields letters motor
context install shirt foot mass crime count claim patch heat wild miss chemical doctor task
reduce enable exercise leader diamond soft servers alone seconds keyword flight fuel username
walk wait rose argument creating joint premium fresh upgrade factor stream pick therapy
entries dates signed upper serious prime limit steps errors shops worked quantity urban
sorted platform load defense tags heavy covered merchant expert protect drop solid orange
vehicles prevent theme rich campaign marine finding examples spirit claims touch goals hire
election suggest branch charges serve magic mount smart ones avoid manage corner rank element
birth requests quarter tables define facts column plants faith chain identify missing moved
reach mental moment extended sequence inch attack sorry centers opening damage reserve
recipes gamma produce snow placed truth counter failure camp films bridge native fill
movement printing owned approval draft chart played contacts clubs equal matching profit
leaders variable expect gone codes golden teams fort forces gene turned disc returned pattern
boat named sponsor icon objects ends delete assembly mouse signal criminal issued brain dream
false cast flower felt passed falls stats carry flag covers hello priority graphic atom
payments binding brief ended eight iron straight script prepared alert disk queen credits
handle sweet desk criteria vice truck behavior measure changing votes bear gain depth
whatever logged train concept eligible checkout forgot handling origin feeds route broken
zoom battle protocol query clip speech wire shared sounds tape judge acid bytes cent forced
fight height zero speaker remain managed failed roll banks secret leads negative perform
healthy font assets drivers figures married proposal sharing portal waiting birthday beta
fail assist conduct calling bags profiles houses postal wear controls breaking combined
ultimate minor finish physics spent samples bars forecast removed cycle contain accuracy rise
sleep bird creation static scene hunter writer fans drink dynamic gender seat colour vendor
supports regions cape meaning mine ticket guess math import posting presence instant dogs
ahead moon scheme utility preview matrix strength proper degrees delta shares daughter
standing comfort colors ordering kept alpha bonus bookmark beat arms trees dress
`;

/**
 * Common English words that are one token each, with and without a space before them, in the byte-pair vocabularies
 * that most served models descend from. Random order of them is text that no cache and no draft model can foresee.
 * Source: checked against the cl100k, o200k and r50k vocabularies.
 */
export const COMMON_WORDS: readonly string[] = TEXT.trim().split(/\s+/);
